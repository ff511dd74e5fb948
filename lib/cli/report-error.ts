import { KeelwayError } from '../errors.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { formatIssue } from './format-issue.ts';
import type { CliIo } from './io.ts';
import { styleOf } from './style.ts';

/**
 * Tells a person, or with `json` a program, why a command failed. A program finds its one document on stdout, whatever
 * comes of the command.
 *
 * An error that is no KeelwayError is a bug; its stack is printed so that it can be reported.
 *
 * @returns The exit code.
 */
export function reportError(error: unknown, io: CliIo, json: boolean): number {
  const style = styleOf(io);
  if (!(error instanceof KeelwayError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr(
      `${style.red('error[UNEXPECTED]')} this is a bug in keelway; please report it with these lines\n${text}\n`,
    );
    return EXIT.unexpected;
  }
  if (json) {
    const { code, message, hint, issues } = error;
    io.stdout(`${JSON.stringify({ error: { code, message, hint, issues } }, null, 2)}\n`);
    return exitCodeOf(error.code);
  }
  for (const issue of error.issues) io.stderr(formatIssue(issue, style));
  io.stderr(`${style.red(`error[${error.code}]`)} ${error.message}\n`);
  if (error.hint !== undefined) io.stderr(`  ${error.hint}\n`);
  return exitCodeOf(error.code);
}
