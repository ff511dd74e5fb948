import { dirname, join, relative, resolve } from 'node:path';
import type { SecretsPlace } from '../build/issue-for-cluster.ts';
import type { ClusterFile } from '../build/load-cluster.ts';
import { readClusterFile } from '../build/load-cluster.ts';
import { chooseIdentityFile } from '../secrets/identity-file.ts';
import { type CommandInput, textOption } from './command.ts';
import { shellArgument } from './shell-argument.ts';

export const DEFAULT_FILE = 'cluster.yaml';
const STDIN = '-';

/** The cluster file that a command line names; `-` is standard input, and paths in it then start at the current folder. */
export async function clusterFile(
  input: CommandInput,
  name: string = input.operands[0] ?? DEFAULT_FILE,
): Promise<ClusterFile> {
  const { io, ports } = input;
  if (name === STDIN) return { name: '<stdin>', path: null, folder: io.cwd, text: await io.stdin() };
  return await readClusterFile(ports.files, resolve(io.cwd, name), name);
}

/** Where the secrets of a cluster are: `--secrets`, or `secrets.yaml` beside the cluster file. */
export function secretsPlace(input: CommandInput, file: ClusterFile): SecretsPlace {
  const named = textOption(input, 'secrets');
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
  return { path: resolve(input.io.cwd, shown), shown };
}

/** A path as a person in the current folder would write it; absolute when it lies elsewhere. */
export function shortPath(input: CommandInput, path: string): string {
  const short = relative(input.io.cwd, path);
  return short === '' || short.startsWith('..') || dirname(short) === short ? path : short;
}
