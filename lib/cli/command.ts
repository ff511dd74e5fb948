import type { Ports } from '../ports.ts';
import type { CliIo } from './io.ts';

export interface OptionSpec {
  /** `boolean` options are switches; the others take a value, named like this in the help. */
  readonly value?: string;
  readonly short?: string;
  readonly summary: string;
  /** Allowed values. */
  readonly choices?: readonly string[];
}

export interface OperandSpec {
  readonly name: string;
  readonly required: boolean;
  readonly summary: string;
  /** The last operand may come more than once. */
  readonly rest?: true;
}

/** One verb of the program, as data; its code is loaded only when it is used. */
export interface CommandSpec {
  /** One word or two: `build`, `secrets create`. */
  readonly name: string;
  readonly summary: string;
  /** Further lines of `--help`. */
  readonly details?: string;
  /** Not for people: in no help and no suggestion. */
  readonly hidden?: true;
  readonly operands: readonly OperandSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly load: () => Promise<CommandRun>;
}

/** Checked against the command's specification: required operands are there, options known. */
export interface CommandInput {
  readonly command: CommandSpec;
  readonly operands: readonly string[];
  /** Absent options are absent; switches are true. */
  readonly options: Readonly<Record<string, string | true>>;
  readonly ports: Ports;
  readonly io: CliIo;
}

/** @returns The exit code; failures are thrown. */
export type CommandRun = (input: CommandInput) => Promise<number>;

/** The value of an option that takes one. */
export function textOption(input: CommandInput, name: string): string | undefined {
  const value = input.options[name];
  return value === true ? undefined : value;
}

export function isJson(input: CommandInput): boolean {
  return input.options.output === 'json';
}
