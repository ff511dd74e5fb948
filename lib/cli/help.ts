import { VERSION } from '../version.ts';
import type { CommandSpec } from './command.ts';
import { usageLine } from './parse-command.ts';

const WIDTH = 80;

/** The list of commands. */
export function programHelp(commands: readonly CommandSpec[]): string {
  return [
    `keelway ${VERSION}: one cluster file in, every machine's boot configuration out`,
    '',
    'usage: keelway <command> [options]',
    '',
    ...table(commands.map((command) => [command.name, command.summary])),
    '',
    ...paragraph('Data goes to stdout, everything else to stderr. NO_COLOR switches colours off.'),
    ...paragraph(
      'Exit codes: 0 ok, 1 unexpected, 2 invalid input, 3 unsupported, 4 a tool is missing, 5 something outside failed, ' +
        '6 local files, 7 build failed.',
    ),
    '',
    'keelway help <command> explains one.',
    '',
  ].join('\n');
}

/** The commands of a group such as `secrets`. */
export function groupHelp(group: string, commands: readonly CommandSpec[]): string {
  const members = commands.filter((command) => command.name.startsWith(`${group} `));
  return [
    `usage: keelway ${group} <command> [options]`,
    '',
    ...table(members.map((command) => [command.name, command.summary])),
    '',
  ].join('\n');
}

/** One command: what it does, its operands and its options. */
export function commandHelp(command: CommandSpec): string {
  const options = Object.entries(command.options).map(([name, option]): [string, string] => {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    const value = option.value === undefined ? '' : ` ${option.value}`;
    return [`${short}--${name}${value}`, option.summary];
  });
  const operands = command.operands.map(({ name, summary }): [string, string] => [name, summary]);
  return [
    `usage: ${usageLine(command)}`,
    '',
    ...paragraph(`${command.summary}.`),
    ...(command.details === undefined ? [] : ['', ...paragraph(command.details)]),
    ...(operands.length === 0 ? [] : ['', ...table(operands)]),
    '',
    ...table([...options, ['-h, --help', 'Show this help']]),
    '',
  ].join('\n');
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const column = Math.min(Math.max(...rows.map(([name]) => name.length)), 26) + 4;
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, WIDTH - column);
    const head = `  ${name}`;
    // A name that reaches into the text's column gets a line of its own.
    const first =
      head.length > column - 2 ? [head, `${' '.repeat(column)}${lines[0]}`] : [`${head.padEnd(column)}${lines[0]}`];
    return [...first, ...lines.slice(1).map((line) => `${' '.repeat(column)}${line}`)];
  });
}

function paragraph(text: string): string[] {
  return text.split('\n').flatMap((line) => wrap(line, WIDTH));
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
