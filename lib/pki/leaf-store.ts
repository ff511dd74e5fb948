import { basename, dirname, join } from 'node:path';
import type { Ports } from '../ports.ts';
import { encryptFor, type OpenOptions, openFile } from '../secrets/encrypted-file.ts';
import type { SecretsBundle } from '../secrets/secrets-bundle.ts';
import type { KeptLeaf } from './kept-leaf.ts';
import { readLeafDocument, writeLeafDocument } from './leaf-document.ts';
import type { CertificateRequest } from './pki-bundle.ts';

/** What lies beside a bundle. */
export interface LeafStore {
  /** By request id; of the machines that were asked for. */
  readonly leaves: ReadonlyMap<string, KeptLeaf>;
  /** Machines (and stray files) without a request, in order: they are left alone. */
  readonly unclaimed: readonly string[];
  /** Paths of half-written files that an interrupted run left; saving removes them. */
  readonly unfinished: readonly string[];
}

const LEAF_FILE_LIMIT_BYTES = 1024 * 1024;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const SUFFIX = '.json';
/** No machine can have this name: underscores are not allowed. */
const OPERATOR = '_operator';
const FILES_AT_ONCE = 32;
const UNFINISHED = /^\..+\.json\.new$/;

/** Folder of the kept leaves of a bundle: one file a machine, `secrets.yaml.leaves/cp-1.json`. */
export function leafFolder(bundlePath: string): string {
  return `${bundlePath}.leaves`;
}

/**
 * Reads the kept leaves of the machines that the requests name; none is fine.
 *
 * @throws KeelwayError `PKI_LEAF_INVALID` for a damaged or changed file, `SECRETS_LOCKED` without the identity.
 */
export async function loadLeaves(
  bundlePath: string,
  requests: readonly CertificateRequest[],
  secrets: SecretsBundle,
  ports: Pick<Ports, 'files' | 'exec'>,
  options: OpenOptions = {},
): Promise<LeafStore> {
  const folder = leafFolder(bundlePath);
  if ((await ports.files.stat(folder)) === null) return { leaves: new Map(), unclaimed: [], unfinished: [] };
  const wanted = new Map(
    [...new Set(requests.map((request) => request.machine))].map((each) => [fileName(each), each]),
  );
  const all = await ports.files.list(folder);
  const names = all.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'));
  const leaves = new Map<string, KeptLeaf>();
  await inBatches(
    names.filter((name) => wanted.has(name)),
    async (name) => {
      const path = join(folder, name);
      const { text } = await openFile(path, LEAF_FILE_LIMIT_BYTES, ports, options);
      for (const leaf of await readLeafDocument(text, path, wanted.get(name) ?? null, secrets)) {
        leaves.set(leaf.request.id, leaf);
      }
    },
  );
  const unclaimed = names.filter((name) => !wanted.has(name)).map((name) => basename(name, SUFFIX));
  const unfinished = all.filter((name) => UNFINISHED.test(name)).map((name) => join(folder, name));
  return { leaves, unclaimed, unfinished };
}

/**
 * Keeps the leaves of a run: writes the file of each machine that has a new one, encrypted like the bundle.
 *
 * A leaf that is no longer asked for stays in its machine's file until it ends. Call it before anything is rendered
 * from the leaves: a certificate in use must never be one that nobody kept.
 *
 * One run at a time: from loading to saving, the caller holds the bundle's lock (withSecretsLock).
 *
 * @param before - What was loaded.
 * @param after - `leaves` of the issue result.
 * @returns Paths written.
 * @throws KeelwayError `OUTPUT_UNWRITABLE`, `TOOL_FAILED`, `TOOL_MISSING`.
 */
export async function saveLeaves(
  bundlePath: string,
  before: LeafStore,
  after: ReadonlyMap<string, KeptLeaf>,
  secrets: SecretsBundle,
  ports: Pick<Ports, 'files' | 'exec' | 'clock'>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly string[]> {
  for (const path of before.unfinished) await ports.files.remove(path);
  const changed = new Set<string | null>();
  for (const [id, leaf] of after) if (before.leaves.get(id) !== leaf) changed.add(leaf.request.machine);
  if (changed.size === 0) return [];
  const nowSeconds = ports.clock.nowSeconds();
  const byMachine = new Map<string | null, KeptLeaf[]>([...changed].map((machine) => [machine, []]));
  for (const leaf of after.values()) byMachine.get(leaf.request.machine)?.push(leaf);
  for (const [id, leaf] of before.leaves) {
    if (!after.has(id) && leaf.certificate.notAfterSeconds > nowSeconds)
      byMachine.get(leaf.request.machine)?.push(leaf);
  }
  const folder = leafFolder(bundlePath);
  await ports.files.makeDirectory(folder, FOLDER_MODE);
  const paths: string[] = [];
  try {
    await inBatches([...byMachine], async ([machine, leaves]) => {
      const path = join(folder, fileName(machine));
      const text = writeLeafDocument(machine, leaves, secrets);
      const contents = await encryptFor(secrets.encryption, text, path, ports, options.signal);
      paths.push(path);
      await ports.files.writeNew(unsyncedPath(path), contents, FILE_MODE);
    });
    // The disk is waited for once for all of them, not for each.
    await ports.files.sync(paths.map(unsyncedPath));
    for (const path of paths) await ports.files.rename(unsyncedPath(path), path);
  } catch (error) {
    // The first error counts; what this cannot remove, the next run does.
    for (const path of paths) await ports.files.remove(unsyncedPath(path)).catch(() => undefined);
    throw error;
  }
  await ports.files.sync([folder]);
  return paths.toSorted();
}

/** Hidden, so that it is never read. */
function unsyncedPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

function fileName(machine: string | null): string {
  return `${machine ?? OPERATOR}${SUFFIX}`;
}

/** A cluster may have more machines than a process may have open files. Whoever fails, nobody is still at work then. */
async function inBatches<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += FILES_AT_ONCE) {
    const results = await Promise.allSettled(items.slice(start, start + FILES_AT_ONCE).map(action));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
