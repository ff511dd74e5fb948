import type { Issue } from '../issue.ts';
import { formatIssue } from './format-issue.ts';
import type { CliIo } from './io.ts';
import { styleOf } from './style.ts';

/** Prints findings that do not stop the command. */
export function showWarnings(issues: readonly Issue[], io: CliIo): void {
  const style = styleOf(io);
  for (const issue of issues) io.stderr(formatIssue(issue, style));
}
