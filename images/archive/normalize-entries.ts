import { KeelwayError } from '../../lib/errors.ts';
import { entryPathProblem, exceedsBytes, maxOwner, maxPathBytes, quotePath } from './entry-limits.ts';
import type { ImageEntry, ImageEntryType } from './image-entry.ts';

/** An {@link ImageEntry} that is known to be sound, with nothing left to default. */
export interface NormalizedEntry {
  readonly path: string;
  /** Last component of the path. */
  readonly name: string;
  /** Path of the directory that holds it; empty for the root. */
  readonly parentPath: string;
  readonly type: ImageEntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Empty unless a file. */
  readonly contents: Uint8Array;
  /** Empty unless a symbolic link. */
  readonly target: string;
}

const nothing = new Uint8Array(0);

/** Both formats keep a file's size in 32 bits (ISO 9660 without splitting it into extents, newc always). */
const maxFileBytes = 0xffff_ffff;

/**
 * Checks a tree of entries and puts it into the one order every writer uses.
 *
 * Missing parents are added (0755, root). The result does not depend on the order of the input: siblings are sorted by
 * name (UTF-16 code units), and a directory comes directly before what it holds.
 *
 * @returns Entries in pre-order; contents are the caller's arrays, not copies.
 * @throws {@link KeelwayError} `IMAGE_NAME_INVALID` for a path that cannot be written; `IMAGE_NAME_DUPLICATE` for a
 * path that is listed twice, or is a file and a directory at once; `IMAGE_FORMAT_INVALID` for a mode, owner, link target
 * or contents that the entry cannot have; `IMAGE_TOO_LARGE` for a file of 4 GiB or more.
 */
export function normalizeEntries(entries: readonly ImageEntry[]): NormalizedEntry[] {
  const byPath = new Map<string, NormalizedEntry>();
  for (const entry of entries) {
    const normalized = normalizeEntry(entry);
    if (byPath.has(entry.path)) {
      throw new KeelwayError({
        code: 'IMAGE_NAME_DUPLICATE',
        message: `image entry ${quotePath(entry.path)} is listed twice`,
        hint: 'list every path of the image once',
      });
    }
    byPath.set(entry.path, normalized);
  }
  for (const entry of [...byPath.values()]) addParents(entry, byPath);
  return inPreOrder(byPath.values());
}

function normalizeEntry(entry: ImageEntry): NormalizedEntry {
  const { path, type, mode, uid = 0, gid = 0, contents = nothing, target = '' } = entry;
  const problem = entryPathProblem(path);
  if (problem !== undefined) {
    throw new KeelwayError({
      code: 'IMAGE_NAME_INVALID',
      message: `the path ${quotePath(path)} of an image entry is not usable: ${problem}`,
      hint: 'write paths relative to the root of the image, like etc/hosts',
    });
  }
  const label = `image entry ${quotePath(path)}`;
  if (!isWithin(mode, 0o7777)) {
    throw invalid(`${label} has the mode ${mode}, not permission bits`, 'use 0 to 0o7777, for instance 0o644');
  }
  if (!isWithin(uid, maxOwner) || !isWithin(gid, maxOwner)) {
    throw invalid(`${label} has the owner ${uid}:${gid}`, `use whole numbers from 0 to ${maxOwner}`);
  }
  if (type !== 'file' && entry.contents !== undefined) {
    throw invalid(`${label} is a ${type} with contents`, 'give contents to files only');
  }
  if (type !== 'symlink' && entry.target !== undefined) {
    throw invalid(`${label} is a ${type} with a link target`, 'give a target to symbolic links only');
  }
  if (type === 'symlink') checkTarget(label, target);
  if (contents.length > maxFileBytes) {
    throw new KeelwayError({
      code: 'IMAGE_TOO_LARGE',
      message: `${label} has ${contents.length} bytes; a file in an image has fewer than 4 GiB`,
      hint: 'split the file, or fetch it from the network instead',
    });
  }
  const slash = path.lastIndexOf('/');
  const parentPath = slash < 0 ? '' : path.slice(0, slash);
  return { path, name: path.slice(slash + 1), parentPath, type, mode, uid, gid, contents, target };
}

function checkTarget(label: string, target: string): void {
  if (target === '' || target.includes('\0') || !target.isWellFormed() || exceedsBytes(target, maxPathBytes)) {
    throw invalid(
      `${label} has the link target ${quotePath(target)}`,
      `use 1 to ${maxPathBytes} bytes of text without NUL`,
    );
  }
}

function addParents(entry: NormalizedEntry, byPath: Map<string, NormalizedEntry>): void {
  let path = entry.parentPath;
  while (path !== '') {
    const parent = byPath.get(path);
    if (parent?.type === 'directory') return;
    if (parent !== undefined) {
      throw new KeelwayError({
        code: 'IMAGE_NAME_DUPLICATE',
        message: `image entry ${quotePath(path)} is a ${parent.type}, and ${quotePath(entry.path)} needs a directory there`,
        hint: 'rename one of the two',
      });
    }
    const created = normalizeEntry({ path, type: 'directory', mode: 0o755 });
    byPath.set(path, created);
    path = created.parentPath;
  }
}

function inPreOrder(entries: Iterable<NormalizedEntry>): NormalizedEntry[] {
  const children = new Map<string, NormalizedEntry[]>();
  for (const entry of entries) {
    const siblings = children.get(entry.parentPath);
    if (siblings === undefined) children.set(entry.parentPath, [entry]);
    else siblings.push(entry);
  }
  for (const siblings of children.values()) siblings.sort(byNameDescending);
  const ordered: NormalizedEntry[] = [];
  // A stack of our own: a tree may be two thousand levels deep.
  const pending = [...(children.get('') ?? [])];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    ordered.push(entry);
    for (const child of children.get(entry.path) ?? []) pending.push(child);
  }
  return ordered;
}

/** Last name first, because the stack gives back what it took last. */
function byNameDescending(a: NormalizedEntry, b: NormalizedEntry): number {
  return a.name < b.name ? 1 : -1;
}

function isWithin(value: number, maximum: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= maximum;
}

function invalid(message: string, hint: string): KeelwayError {
  return new KeelwayError({ code: 'IMAGE_FORMAT_INVALID', message, hint });
}
