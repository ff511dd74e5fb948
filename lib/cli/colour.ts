import type { CliIo } from './io.ts';

/**
 * True when messages are coloured: a person looks at stderr and has not said otherwise.
 *
 * @see https://no-color.org
 */
export function wantsColour(io: CliIo): boolean {
  return io.stderrIsTerminal && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb';
}

/** The label of an error: `error[SECRETS_MISSING]`. */
export function errorLabel(code: string, io: CliIo): string {
  return wantsColour(io) ? `\u001b[1;31merror[${code}]\u001b[0m` : `error[${code}]`;
}
