import { formatIssuePath, type Issue } from '../issue.ts';

export interface FormatIssuesOptions {
  /** ANSI colours; plain text by default. */
  readonly colour?: boolean;
}

const RED = '1;31';
const YELLOW = '1;33';
const BOLD = '1';

/**
 * Findings as a person reads them: code, path and message; the place, its line, and below a caret what to do.
 *
 * @returns Text that ends with a newline; empty for no findings.
 */
export function formatIssues(issues: readonly Issue[], options: FormatIssuesOptions = {}): string {
  return issues.map((issue) => formatIssue(issue, options.colour === true)).join('');
}

function formatIssue(issue: Issue, colour: boolean): string {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const label = paint(issue.severity === 'error' ? RED : YELLOW, `${issue.severity}[${issue.code}]`);
  const head = `${label} ${formatIssuePath(issue.path)}: ${issue.message}`;
  const { position, hint } = issue;
  if (position === undefined) return `${head}\n${hint === undefined ? '' : `  ${hint}\n`}`;
  const number = String(position.line);
  const margin = ' '.repeat(number.length);
  const place = `${margin}--> ${position.file}:${number}:${position.column}`;
  if (position.excerpt === undefined) return `${head}\n${place}${hint === undefined ? '' : `   ${hint}`}\n`;
  const indent = ' '.repeat(Math.max(0, (position.excerptColumn ?? position.column) - 1));
  const caret = paint(BOLD, hint === undefined ? '^' : `^ ${hint}`);
  return `${head}\n${place}\n${margin} |\n${number}| ${position.excerpt}\n${margin} | ${indent}${caret}\n`;
}

/** `2 errors, 1 warning`; empty for none. */
export function countIssues(issues: readonly Issue[]): string {
  const errors = issues.filter((issue) => issue.severity === 'error').length;
  const warnings = issues.length - errors;
  const parts = [
    ...(errors > 0 ? [`${errors} error${errors === 1 ? '' : 's'}`] : []),
    ...(warnings > 0 ? [`${warnings} warning${warnings === 1 ? '' : 's'}`] : []),
  ];
  return parts.join(', ');
}
