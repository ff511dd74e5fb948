import { formatIssues } from '../format/format-issues.ts';
import type { Issue } from '../issue.ts';
import { wantsColour } from './colour.ts';
import type { CliIo } from './io.ts';

/** Prints findings that do not stop the command. */
export function showWarnings(issues: readonly Issue[], io: CliIo): void {
  io.stderr(formatIssues(issues, { colour: wantsColour(io) }));
}
