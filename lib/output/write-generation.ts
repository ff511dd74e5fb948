import { basename, dirname, join } from 'node:path';
import type { FilesPort } from '../ports.ts';
import { type OutputFile, outputMode } from './output-file.ts';
import { findGeneration, generationNumber, generationStore, type OutputState, readOutput } from './read-output.ts';

const FOLDER_MODE = 0o700;
/** Far longer than a build writes. */
const LOCK_WAIT_MS = 60_000;

export interface WriteOptions {
  readonly state?: OutputState;
  readonly signal?: AbortSignal;
}

/**
 * Replaces an output folder as a whole, or leaves it alone when it holds exactly these files already.
 *
 * The folder is a link to a generation, `.<name>.generations/<number>` beside it. A new generation is written and
 * synced, one rename of the link switches to it, then the others are removed: whenever the run ends, the folder is
 * the old output or the new one, whole. What a failed run has written goes with it; what a killed one left goes with
 * the next. Runs at the same time take turns.
 *
 * @param outputs - `manifest.json` among them; it says which files are Keelway's at the next run.
 * @param options - `state`: what {@link readOutput} found a moment ago; read here when it is not given. `signal`: stops
 * between two files, and leaves the old output.
 * @throws {@link KeelwayError} `OUTPUT_CONFLICT` when the path is something Keelway did not make, or holds files it did
 * not write; `OUTPUT_UNWRITABLE` when the disk refuses; `LOCK_BUSY` when another run does not come to its end.
 */
export async function writeGeneration(
  files: FilesPort,
  folder: string,
  outputs: readonly OutputFile[],
  options: WriteOptions = {},
): Promise<'written' | 'unchanged'> {
  const { state, signal } = options;
  signal?.throwIfAborted();
  const store = generationStore(folder);
  const { generation: current, stale } = state ?? (await readOutput(files, folder, null, outputs));
  if (current !== null && stale.length === 0) {
    if ((await files.list(store)).length > 1) {
      // What cannot be swept, on a disk that is read-only now, is no reason to fail.
      await withLock(files, store, signal, async () => await removeOthers(files, folder, store)).catch(() => undefined);
    }
    return 'unchanged';
  }
  await files.makeDirectory(store, FOLDER_MODE);
  await withLock(files, store, signal, async () => await writeNext(files, folder, store, outputs, signal));
  return 'written';
}

async function withLock(
  files: FilesPort,
  store: string,
  signal: AbortSignal | undefined,
  action: () => Promise<void>,
): Promise<void> {
  const unlock = await files.lock(join(store, 'lock'), LOCK_WAIT_MS, signal);
  try {
    await action();
  } finally {
    await unlock();
  }
}

async function writeNext(
  files: FilesPort,
  folder: string,
  store: string,
  outputs: readonly OutputFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const numbers = (await files.list(store)).map(generationNumber);
  const next = Math.max(0, ...numbers) + 1;
  try {
    await writeTree(files, join(store, String(next)), outputs, signal);
    await switchLink(files, folder, store, next);
  } catch (error) {
    // The first error counts; a disk that refuses this, too, is swept by the next run.
    await removeOthers(files, folder, store).catch(() => undefined);
    throw error;
  }
  await removeOthers(files, folder, store);
}

/** The disk is waited for once, when everything is written. */
async function writeTree(
  files: FilesPort,
  generation: string,
  outputs: readonly OutputFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const folders = new Set([generation]);
  for (const output of outputs) {
    const path = join(generation, output.path);
    for (let folder = dirname(path); folder !== generation; folder = dirname(folder)) folders.add(folder);
  }
  const inOrder = [...folders].sort();
  for (const folder of inOrder) await files.makeDirectory(folder, FOLDER_MODE);
  for (const output of outputs) {
    signal?.throwIfAborted();
    await files.writeNew(join(generation, output.path), output.contents, outputMode(output));
  }
  await files.sync([...outputs.map((output) => join(generation, output.path)), ...inOrder]);
}

async function switchLink(files: FilesPort, folder: string, store: string, number: number): Promise<void> {
  const link = join(store, `link-${number}`);
  // Read where the link will stand, not where it is made.
  await files.symlink(join(basename(store), String(number)), link);
  // A link cannot replace a folder, not even an empty one.
  if ((await findGeneration(files, folder)) === null) await files.remove(folder);
  await files.rename(link, folder);
  await files.sync([dirname(folder)]);
}

/** Older generations, and what interrupted runs left; only names that a run makes. */
async function removeOthers(files: FilesPort, folder: string, store: string): Promise<void> {
  const current = await findGeneration(files, folder);
  for (const name of await files.list(store)) {
    const isOwn = generationNumber(name.replace(/^link-/, '')) !== 0;
    if (isOwn && name !== String(current)) await files.remove(join(store, name));
  }
}
