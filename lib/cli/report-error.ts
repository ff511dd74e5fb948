import { KeelwayError } from '../errors.ts';
import { formatIssues } from '../format/format-issues.ts';
import { errorLabel, wantsColour } from './colour.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { CliIo } from './io.ts';

const REPORT = 'this is a bug in keelway; please report it with these lines';

/**
 * Tells a person, or with `json` a program, why a command failed. A program finds its one document on stdout, whatever
 * comes of the command.
 *
 * An error that is no KeelwayError is a bug; its stack is printed so that it can be reported.
 *
 * @returns The exit code.
 */
export function reportError(error: unknown, io: CliIo, json: boolean): number {
  if (!(error instanceof KeelwayError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr(`${errorLabel('UNEXPECTED', io)} ${REPORT}\n${text}\n`);
    if (json) io.stdout(`${JSON.stringify({ error: { code: 'UNEXPECTED', message: REPORT, issues: [] } }, null, 2)}\n`);
    return EXIT.unexpected;
  }
  if (json) {
    const { code, message, hint, issues } = error;
    io.stdout(`${JSON.stringify({ error: { code, message, hint, issues } }, null, 2)}\n`);
    return exitCodeOf(error.code);
  }
  io.stderr(formatIssues(error.issues, { colour: wantsColour(io) }));
  io.stderr(`${errorLabel(error.code, io)} ${error.message}\n`);
  if (error.hint !== undefined) io.stderr(`  ${error.hint}\n`);
  return exitCodeOf(error.code);
}
