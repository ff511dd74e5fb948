import { basename, dirname, join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { FilesPort } from '../ports.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { type OutputFile, outputMode } from './output-file.ts';

const MANIFEST = 'manifest.json';
const FOLDER_MODE = 0o700;

/**
 * Replaces an output folder as a whole, or leaves it alone when it holds exactly these files already.
 *
 * The folder is a link to a generation, `.<name>.generations/<number>` beside it. A new generation is written and
 * synced, one rename of the link switches to it, then the older ones are removed: whenever the run ends, the folder is
 * the old output or the new one, whole. Generations are numbered, so of two runs at the same time the later one wins.
 *
 * @param outputs - `manifest.json` among them; it says which files are Keelway's at the next run.
 * @throws {@link KeelwayError} `OUTPUT_CONFLICT` when the path is something Keelway did not make, or holds files it did
 * not write; `OUTPUT_UNWRITABLE` when the disk refuses.
 */
export async function writeGeneration(
  files: FilesPort,
  folder: string,
  outputs: readonly OutputFile[],
): Promise<'written' | 'unchanged'> {
  const store = join(dirname(folder), `.${basename(folder)}.generations`);
  const current = await currentGeneration(files, folder, store);
  if (current !== null) {
    const present = await readTree(files, join(store, String(current)));
    refuseForeignFiles(folder, present);
    if (await isSame(files, join(store, String(current)), present, outputs)) return 'unchanged';
  }

  await files.makeDirectory(store, FOLDER_MODE);
  const numbers = (await files.list(store)).map(generationNumber);
  const next = Math.max(0, ...numbers) + 1;
  const generation = join(store, String(next));
  await writeTree(files, generation, outputs);
  if (((await currentGeneration(files, folder, store)) ?? 0) > next) {
    throw new KeelwayError({
      code: 'OUTPUT_CONFLICT',
      message: `another run has written ${folder} in the meantime`,
      hint: 'run one build of an output folder at a time',
    });
  }
  await switchLink(files, folder, store, next);
  await removeOlder(files, store, next);
  return 'written';
}

/** The manifest of the output that is there; null when there is none. */
export async function readManifest(files: FilesPort, folder: string): Promise<Manifest | null> {
  const path = join(folder, MANIFEST);
  if ((await files.stat(path)) === null) return null;
  return parseManifest(new TextDecoder().decode(await files.read(path)));
}

/** @returns The number of the generation the link names; null when nothing is there yet. */
async function currentGeneration(files: FilesPort, folder: string, store: string): Promise<number | null> {
  const stat = await files.stat(folder);
  if (stat === null) return null;
  if (stat.type === 'directory' && (await files.list(folder)).length === 0) {
    // Somebody made room for the output; a link cannot replace a folder.
    await files.remove(folder);
    return null;
  }
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

function generationNumber(name: string): number {
  return /^[1-9]\d{0,8}$/.test(name) ? Number(name) : 0;
}

interface Tree {
  readonly files: readonly string[];
  readonly foreign: readonly string[];
}

/** Paths of the files below a generation, and of those that its manifest does not list. */
async function readTree(files: FilesPort, generation: string): Promise<Tree> {
  const manifest = await readManifest(files, generation);
  const own = new Set([MANIFEST, ...(manifest?.outputs.map((output) => output.path) ?? [])]);
  const found: string[] = [];
  const walk = async (prefix: string): Promise<void> => {
    for (const name of await files.list(join(generation, prefix))) {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const stat = await files.stat(join(generation, path));
      if (stat?.type === 'directory') await walk(path);
      else found.push(path);
    }
  };
  await walk('');
  // Without a manifest nothing is known to be foreign: the generation is Keelway's by its place.
  return { files: found, foreign: manifest === null ? [] : found.filter((path) => !own.has(path)) };
}

function refuseForeignFiles(folder: string, tree: Tree): void {
  const [first, ...others] = tree.foreign;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  throw new KeelwayError({
    code: 'OUTPUT_CONFLICT',
    message: `${folder} holds files that Keelway did not write: ${first}${more}`,
    hint: 'the folder is replaced as a whole: keep your own files elsewhere',
  });
}

async function isSame(
  files: FilesPort,
  generation: string,
  tree: Tree,
  outputs: readonly OutputFile[],
): Promise<boolean> {
  if (tree.files.length !== outputs.length) return false;
  for (const output of outputs) {
    const path = join(generation, output.path);
    const stat = await files.stat(path);
    if (stat?.type !== 'file' || stat.mode !== outputMode(output)) return false;
    const wanted = bytesOf(output.contents);
    if (stat.sizeBytes !== wanted.length || Buffer.compare(await files.read(path), wanted) !== 0) return false;
  }
  return true;
}

function bytesOf(contents: Uint8Array | string): Uint8Array {
  return typeof contents === 'string' ? Buffer.from(contents) : contents;
}

/** The disk is waited for once, when everything is written. */
async function writeTree(files: FilesPort, generation: string, outputs: readonly OutputFile[]): Promise<void> {
  const folders = new Set([generation]);
  for (const output of outputs) {
    const path = join(generation, output.path);
    for (let folder = dirname(path); folder !== generation; folder = dirname(folder)) folders.add(folder);
  }
  const inOrder = [...folders].sort();
  for (const folder of inOrder) await files.makeDirectory(folder, FOLDER_MODE);
  for (const output of outputs) {
    await files.writeNew(join(generation, output.path), output.contents, outputMode(output));
  }
  await files.sync([...outputs.map((output) => join(generation, output.path)), ...inOrder]);
}

async function switchLink(files: FilesPort, folder: string, store: string, number: number): Promise<void> {
  const link = join(store, `link-${number}`);
  // Read where the link will stand, not where it is made.
  await files.symlink(join(basename(store), String(number)), link);
  await files.rename(link, folder);
  await files.sync([dirname(folder)]);
}

/** Also what interrupted runs left; only names that a run makes. */
async function removeOlder(files: FilesPort, store: string, current: number): Promise<void> {
  for (const name of await files.list(store)) {
    const number = generationNumber(name.replace(/^link-/, ''));
    if (number !== 0 && number < current) await files.remove(join(store, name));
  }
}
