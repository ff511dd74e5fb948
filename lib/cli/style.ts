import type { CliIo } from './io.ts';

/** Colours, or none. */
export interface Style {
  red(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
}

const plain = (text: string): string => text;

/** Plain text for files, pipes and tests. */
export const noStyle: Style = { red: plain, yellow: plain, bold: plain };

const colours: Style = {
  red: (text) => `\u001b[1;31m${text}\u001b[0m`,
  yellow: (text) => `\u001b[1;33m${text}\u001b[0m`,
  bold: (text) => `\u001b[1m${text}\u001b[0m`,
};

/** @see https://no-color.org */
export function styleOf(io: CliIo): Style {
  const refused = (io.env.NO_COLOR ?? '') !== '' || io.env.TERM === 'dumb';
  return io.stderrIsTerminal && !refused ? colours : noStyle;
}
