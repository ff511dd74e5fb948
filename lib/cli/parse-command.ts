import { KeelwayError } from '../errors.ts';
import { nearest } from '../spec/suggest.ts';
import type { CommandSpec, OptionSpec } from './command.ts';

/** What a command line asks for. */
export type ParsedCommand =
  | { readonly kind: 'help'; readonly command: CommandSpec | null; readonly group: string | null }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run';
      readonly command: CommandSpec;
      readonly operands: readonly string[];
      readonly options: Readonly<Record<string, string | true>>;
    };

/**
 * Reads a command line against the table of commands.
 *
 * @param argv - Without the program's own name.
 * @throws {@link KeelwayError} `USAGE_INVALID` for an unknown command or option, a missing or superfluous operand, a
 * value that is not allowed, or one given twice.
 */
export function parseCommand(argv: readonly string[], commands: readonly CommandSpec[]): ParsedCommand {
  const [first, second] = argv;
  if (first === undefined || first === '--help' || first === '-h') return { kind: 'help', command: null, group: null };
  if (first === '--version' || first === '-V') return { kind: 'version' };
  if (first === 'help') return helpOf(argv.slice(1), commands);
  if (first.startsWith('-')) throw unknownOption(first, ['--help', '--version'], 'keelway');

  const group = commands.filter((command) => command.name.startsWith(`${first} `));
  if (group.length > 0 && (second === undefined || second === '--help' || second === '-h')) {
    return { kind: 'help', command: null, group: first };
  }
  const command = findCommand(argv, commands);
  return parseOperands(command, argv.slice(command.name.split(' ').length));
}

function helpOf(words: readonly string[], commands: readonly CommandSpec[]): ParsedCommand {
  const [first, second] = words;
  if (first === undefined) return { kind: 'help', command: null, group: null };
  if (second === undefined && commands.some((command) => command.name.startsWith(`${first} `))) {
    return { kind: 'help', command: null, group: first };
  }
  return { kind: 'help', command: findCommand(words, commands), group: null };
}

function findCommand(words: readonly string[], commands: readonly CommandSpec[]): CommandSpec {
  const [first = '', second = ''] = words;
  const exact = commands.find((command) => command.name === first || command.name === `${first} ${second}`);
  if (exact !== undefined) return exact;
  const members = commands.filter(({ name, hidden }) => name.startsWith(`${first} `) && hidden !== true);
  const group = members.map(({ name }) => name);
  if (group.length > 0) {
    const near = nearest(`${first} ${second}`, group);
    throw usage(
      `${first} has no command ${JSON.stringify(second)}`,
      near === null ? `${first} has ${group.join(', ')}` : `did you mean keelway ${near}?`,
    );
  }
  const known = [...new Set(commands.map((command) => command.name.split(' ')[0] as string))];
  const near = nearest(first, known);
  throw usage(
    `there is no command ${JSON.stringify(first)}`,
    near === null ? 'run keelway --help for the commands' : `did you mean keelway ${near}?`,
  );
}

/** Node's own parseArgs costs more of a start than a whole cluster file. */
function parseOperands(command: CommandSpec, argv: readonly string[]): ParsedCommand {
  const operands: string[] = [];
  const options: Record<string, string | true> = {};
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      operands.push(...rest);
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const [rawName, inline] = splitOption(word);
    if (rawName === '--help' || rawName === '-h') return { kind: 'help', command, group: null };
    const name = optionName(command, rawName);
    const takesValue = command.options[name]?.value !== undefined;
    if (takesValue && name in options) {
      throw usage(`${rawName} is given twice`, `say it once: ${command.options[name]?.summary}`);
    }
    options[name] = checkOption(command, name, rawName, inline ?? (takesValue ? rest.shift() : undefined));
  }
  checkOperands(command, operands);
  return { kind: 'run', command, operands, options };
}

/** `--out=DIR` is `--out` and `DIR`; a short option stands alone. */
function splitOption(word: string): [rawName: string, value: string | undefined] {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  return equals === -1 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

function optionName(command: CommandSpec, rawName: string): string {
  const entries = Object.entries(command.options);
  const found = entries.find(([name, { short }]) => rawName === `--${name}` || rawName === `-${short}`);
  if (found !== undefined) return found[0];
  const known = [...entries.map(([name]) => `--${name}`), '--help'];
  throw unknownOption(rawName, known, `keelway ${command.name}`);
}

function checkOption(command: CommandSpec, name: string, rawName: string, value: string | undefined): string | true {
  const option = command.options[name] as OptionSpec;
  const program = `keelway ${command.name}`;
  if (option.value === undefined) {
    if (value !== undefined) throw usage(`${rawName} takes no value`, `run ${program} --help`);
    return true;
  }
  if (value === undefined || value === '') throw usage(`${rawName} needs a value: ${option.value}`, option.summary);
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw usage(`${rawName} cannot be ${JSON.stringify(value)}`, `write ${option.choices.join(' or ')}`);
  }
  return value;
}

function checkOperands(command: CommandSpec, operands: readonly string[]): void {
  const missing = command.operands[operands.length];
  if (missing?.required) {
    throw usage(`keelway ${command.name} needs ${missing.name}: ${missing.summary}`, usageLine(command));
  }
  const superfluous = command.operands.at(-1)?.rest ? undefined : operands[command.operands.length];
  if (superfluous !== undefined) {
    throw usage(`keelway ${command.name} does not take ${JSON.stringify(superfluous)}`, usageLine(command));
  }
}

/** `keelway render <machine> [path] [options]`. */
export function usageLine(command: CommandSpec): string {
  const operands = command.operands.map(({ name, required, rest }) => {
    const word = rest ? `${name}...` : name;
    return required ? ` <${word}>` : ` [${word}]`;
  });
  return `keelway ${command.name}${operands.join('')} [options]`;
}

function unknownOption(option: string, known: readonly string[], program: string): KeelwayError {
  const near = nearest(option, known);
  return usage(
    `${program} has no option ${option}`,
    near === null ? `run ${program} --help for the options` : `did you mean ${near}?`,
  );
}

function usage(message: string, hint: string): KeelwayError {
  return new KeelwayError({ code: 'USAGE_INVALID', message, hint });
}
