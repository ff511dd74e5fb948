import { errorCodes, type IssueCode, isUnsupportedCode, warningCodes } from '../spec/issue-codes.ts';

/** The tables of docs/errors.md: every finding about a cluster file or asset lock, in the order of the stages. */
export function formatFindingCodes(): string {
  const errors = Object.entries(errorCodes).map(([code, meaning]) => row(code, meaning));
  const warnings = Object.entries(warningCodes).map(([code, meaning]) => row(code, meaning));
  return [
    '| error | meaning |',
    '|---|---|',
    ...errors,
    '',
    '| warning | meaning |',
    '|---|---|',
    ...warnings,
    '',
  ].join('\n');
}

function row(code: string, meaning: string): string {
  const note = isUnsupportedCode(code as IssueCode) ? ' Not supported: exit code 3.' : '';
  return `| \`${code}\` | ${meaning}${note} |`;
}
