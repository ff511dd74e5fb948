import { basename, dirname, join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { FilesPort } from '../ports.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { type OutputFile, outputMode } from './output-file.ts';

const MANIFEST = 'manifest.json';

/** What an output folder holds, beside what it should hold. */
export interface OutputState {
  /** Number of the generation that the folder shows; null when nothing is there. */
  readonly generation: number | null;
  /** Of the output that is there; null when there is none, or none that can be read. */
  readonly manifest: Manifest | null;
  /** Paths of outputs that are missing or differ in bytes or mode, and of files that are no output any more. */
  readonly stale: readonly string[];
}

/**
 * Compares an output folder with what a build would put there; reads every byte of it, and writes nothing.
 *
 * @param folder - Absolute.
 * @param cluster - Name of the cluster; null accepts any.
 * @throws {@link KeelwayError} `OUTPUT_CONFLICT` when the path is something Keelway did not make, another cluster's
 * output, or holds files Keelway did not write.
 */
export async function readOutput(
  files: FilesPort,
  folder: string,
  cluster: string | null,
  outputs: readonly OutputFile[],
): Promise<OutputState> {
  const number = await findGeneration(files, folder);
  if (number === null) return { generation: null, manifest: null, stale: outputs.map(({ path }) => path) };
  const generation = join(generationStore(folder), String(number));
  const manifest = await readManifest(files, generation);
  if (cluster !== null && manifest !== null && manifest.cluster !== cluster) {
    throw new KeelwayError({
      code: 'OUTPUT_CONFLICT',
      message: `${folder} is the output of the cluster ${manifest.cluster}, not of ${cluster}`,
      hint: 'name another folder with -o; after a new name for the same cluster, remove the old output first',
    });
  }
  const present = await listTree(files, generation);
  if (manifest !== null) refuseForeignFiles(folder, present, manifest);
  return { generation: number, manifest, stale: await findStale(files, generation, present, outputs) };
}

/** The manifest of the output that is there; null when there is none. */
export async function readManifest(files: FilesPort, folder: string): Promise<Manifest | null> {
  const path = join(folder, MANIFEST);
  if ((await files.stat(path))?.type !== 'file') return null;
  return parseManifest(new TextDecoder().decode(await files.read(path)));
}

/** Where the generations of an output folder lie: beside it. */
export function generationStore(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.generations`);
}

/** @returns 0 for what is no name of a generation. */
export function generationNumber(name: string): number {
  return /^[1-9]\d{0,8}$/.test(name) ? Number(name) : 0;
}

/**
 * Finds the generation that an output folder shows.
 *
 * @returns Its number; null when nothing is there yet, or an empty folder.
 * @throws {@link KeelwayError} `OUTPUT_CONFLICT`.
 */
export async function findGeneration(files: FilesPort, folder: string): Promise<number | null> {
  const stat = await files.stat(folder);
  if (stat === null) return null;
  // Somebody made room for the output.
  if (stat.type === 'directory' && (await files.list(folder)).length === 0) return null;
  const store = generationStore(folder);
  const target = await files.readLink(folder);
  const number = target === null ? 0 : generationNumber(basename(target));
  if (number === 0 || target !== join(basename(store), String(number))) {
    throw new KeelwayError({
      code: 'OUTPUT_CONFLICT',
      message: `${folder} exists and is no output of Keelway`,
      hint: 'name another folder with -o, or move this one away',
    });
  }
  return (await files.stat(join(store, String(number)))) === null ? null : number;
}

/** Paths of all files below a folder. */
async function listTree(files: FilesPort, folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (prefix: string): Promise<void> => {
    for (const name of await files.list(join(folder, prefix))) {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const stat = await files.stat(join(folder, path));
      if (stat?.type === 'directory') await walk(path);
      else found.push(path);
    }
  };
  await walk('');
  return found;
}

/** Without a manifest nothing is known to be foreign: a generation is Keelway's by its place. */
function refuseForeignFiles(folder: string, present: readonly string[], manifest: Manifest): void {
  const own = new Set([MANIFEST, ...manifest.outputs.map((output) => output.path)]);
  const [first, ...others] = present.filter((path) => !own.has(path));
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  throw new KeelwayError({
    code: 'OUTPUT_CONFLICT',
    message: `${folder} holds files that Keelway did not write: ${first}${more}`,
    hint: 'the folder is replaced as a whole: keep your own files elsewhere',
  });
}

async function findStale(
  files: FilesPort,
  generation: string,
  present: readonly string[],
  outputs: readonly OutputFile[],
): Promise<string[]> {
  const stale: string[] = [];
  for (const output of outputs) {
    if (!(await isSame(files, join(generation, output.path), output))) stale.push(output.path);
  }
  const wanted = new Set(outputs.map(({ path }) => path));
  return [...stale, ...present.filter((path) => !wanted.has(path))];
}

async function isSame(files: FilesPort, path: string, output: OutputFile): Promise<boolean> {
  const stat = await files.stat(path);
  if (stat?.type !== 'file' || stat.mode !== outputMode(output)) return false;
  const { contents } = output;
  const wanted = typeof contents === 'string' ? Buffer.from(contents) : contents;
  return stat.sizeBytes === wanted.length && Buffer.compare(await files.read(path), wanted) === 0;
}
