import { formatIssuePath, type Issue } from '../issue.ts';
import type { Style } from './style.ts';

/**
 * A finding as a person reads it: code, path and message; the place, its line and, below a caret, what to do.
 *
 * Ends with a newline.
 */
export function formatIssue(issue: Issue, style: Style): string {
  const paint = issue.severity === 'error' ? style.red : style.yellow;
  const where = issue.path.length === 0 ? '' : ` ${formatIssuePath(issue.path)}:`;
  const head = `${paint(`${issue.severity}[${issue.code}]`)}${where} ${issue.message}`;
  const { position, hint } = issue;
  if (position === undefined) return `${head}\n${hint === undefined ? '' : `  ${hint}\n`}`;

  const number = String(position.line);
  const margin = ' '.repeat(number.length);
  const place = `${margin}--> ${position.file}:${position.line}:${position.column}`;
  if (position.excerpt === undefined) return `${head}\n${place}${hint === undefined ? '' : `   ${hint}`}\n`;
  const caret = `${' '.repeat(Math.max(0, (position.excerptColumn ?? position.column) - 1))}^${hint === undefined ? '' : ` ${hint}`}`;
  return [head, place, `${margin} |`, `${number}| ${position.excerpt}`, `${margin} | ${style.bold(caret)}`, ''].join(
    '\n',
  );
}
