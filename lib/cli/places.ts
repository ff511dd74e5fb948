import { dirname, join, relative, resolve } from 'node:path';
import type { SecretsPlace } from '../build/issue-for-cluster.ts';
import { type ClusterFile, readClusterFile } from '../build/load-cluster.ts';
import { KeelwayError } from '../errors.ts';
import { shellArgument } from '../render/shell-word.ts';
import { chooseIdentityFile } from '../secrets/identity-file.ts';
import { type CommandInput, textOption } from './command.ts';

export const DEFAULT_FILE = 'cluster.yaml';
const STDIN = '-';

/** The cluster file that a command line names; `-` is standard input, and paths in it then start at the current folder. */
export async function clusterFile(
  input: CommandInput,
  name: string = input.operands[0] ?? DEFAULT_FILE,
): Promise<ClusterFile> {
  const { io, ports } = input;
  await requireIdentity(input);
  if (name === STDIN) return { name: '<stdin>', path: null, folder: io.cwd, text: await io.stdin() };
  return await readClusterFile(ports.files, resolve(io.cwd, name), name, fileHint(input));
}

/** A file that is named must be there, whether this bundle needs it or not. */
async function requireIdentity(input: CommandInput): Promise<void> {
  const named = textOption(input, 'identity');
  if (named === undefined || (await input.ports.files.stat(resolve(input.io.cwd, named))) !== null) return;
  throw new KeelwayError({
    code: 'INPUT_UNREADABLE',
    message: `there is no identity file ${named}`,
    hint: 'name the file that age-keygen wrote',
  });
}

/** The command as it is written with a cluster file. */
function fileHint({ command }: CommandInput): string {
  const required = command.operands.filter((operand) => operand.required).map((operand) => ` <${operand.name}>`);
  const file = command.options.cluster === undefined ? 'path/to/cluster.yaml' : '--cluster path/to/cluster.yaml';
  return `name one: keelway ${command.name}${required.join('')} ${file}`;
}

/** Where the secrets of a cluster are: `--secrets`, or `secrets.yaml` beside the cluster file. */
export function secretsPlace(input: CommandInput, file: ClusterFile): SecretsPlace {
  const named = textOption(input, 'secrets');
  if (named === STDIN) throw noFile('--secrets', 'the secrets bundle');
  const path = named === undefined ? join(file.folder, 'secrets.yaml') : resolve(input.io.cwd, named);
  const identity = chooseIdentityFile(textOption(input, 'identity'), input.io.env);
  return {
    path,
    shown: shortPath(input, path),
    identityFile: identity === null ? null : resolve(input.io.cwd, identity),
    createCommand: `keelway secrets create ${operandOf(file)}${optionOf(input, 'secrets')}`,
  };
}

/** The words that make another command work on the same cluster: `cluster.yaml --secrets keys/ha.yaml`. */
export function clusterWords(input: CommandInput, file: ClusterFile): string {
  return `${operandOf(file)}${optionOf(input, 'secrets')}${optionOf(input, 'identity')}`;
}

function operandOf(file: ClusterFile): string {
  return file.path === null ? STDIN : shellArgument(file.name);
}

function optionOf(input: CommandInput, name: string): string {
  const value = textOption(input, name);
  return value === undefined ? '' : ` --${name} ${shellArgument(value)}`;
}

/** The output folder: `-o`, or `build/<cluster name>` in the current folder. */
export function outputFolder(
  input: CommandInput,
  clusterName: string,
): { readonly path: string; readonly shown: string } {
  const shown = textOption(input, 'out') ?? join('build', clusterName);
  if (shown === STDIN) throw noFile('--out', 'a folder');
  return { path: resolve(input.io.cwd, shown), shown };
}

function noFile(option: string, what: string): KeelwayError {
  return new KeelwayError({
    code: 'USAGE_INVALID',
    message: `${option} - is no place for ${what}`,
    hint: 'name a path; ./- is one of that name',
  });
}

/** A path as a person in the current folder would write it; absolute when it lies elsewhere. */
export function shortPath(input: CommandInput, path: string): string {
  const short = relative(input.io.cwd, path);
  return short === '' || short.startsWith('..') || dirname(short) === short ? path : short;
}
