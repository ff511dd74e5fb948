import { KeelwayError } from '../../lib/errors.ts';
import { entryPathProblem, maxOwner, maxPathBytes, quotePath } from './entry-limits.ts';
import type { ImageEntry, ImageEntryType } from './image-entry.ts';

const headerBytes = 110;

const typesByBits: ReadonlyMap<number, ImageEntryType> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads uncompressed newc cpio archives, one or several joined with any padding of zeros between, as the kernel reads
 * an initramfs: of two members with one path the later wins, and hard links share the data that comes with the last.
 *
 * Safe on hostile input: every length is checked before use, time and memory are linear in the input, and no path that
 * comes out is absolute or has `.` or `..` (a leading `./` is dropped, the root itself is left out).
 *
 * @returns Entries in the order their paths first appear; contents are views of `bytes`, not copies.
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` for anything that is not such an archive, including compressed
 * parts, a missing trailer, members without their directory before them (the kernel drops those), and members an
 * {@link ImageEntry} cannot express (device nodes, sockets).
 * @see https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */
export function readCpio(bytes: Uint8Array): ImageEntry[] {
  const entries = new Map<string, ImageEntry>();
  let offset = skipZeros(bytes, 0);
  if (offset === bytes.length) throw malformed(0, 'there is no archive');
  while (offset < bytes.length) {
    offset = skipZeros(bytes, readArchive(bytes, offset, entries));
  }
  return [...entries.values()];
}

/** Reads one archive up to and including its trailer; returns the offset behind it. */
function readArchive(bytes: Uint8Array, start: number, entries: Map<string, ImageEntry>): number {
  const inodes = new Map<string, Links>();
  let offset = start;
  for (;;) {
    const member = readMember(bytes, offset);
    offset = member.end;
    if (member.name === 'TRAILER!!!') return offset;
    const path = member.name.replace(/^(?:\.\/+)+/, '');
    if (path === '.' || path === '') continue;
    const problem = entryPathProblem(path);
    if (problem !== undefined) throw malformed(member.start, `the name ${quotePath(path)} is not usable: ${problem}`);
    const entry = toEntry(member, path);
    checkPlace(member, entry, entries);
    entries.set(path, entry);
    if (entry.type === 'file' && member.links > 1) shareData(inodes, member, entry, entries);
  }
}

interface RawMember {
  readonly start: number;
  readonly end: number;
  readonly inode: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly name: string;
  readonly data: Uint8Array;
}

function readMember(bytes: Uint8Array, start: number): RawMember {
  if (bytes.length - start < headerBytes) throw malformed(start, 'a member header is cut off');
  const header = String.fromCharCode(...bytes.subarray(start, start + headerBytes));
  if (!header.startsWith('070701')) throw malformed(start, 'no newc member header (070701) begins here');
  const text = header.slice(6);
  if (!/^[0-9A-Fa-f]+$/.test(text)) throw malformed(start, 'a member header has a field that is not hexadecimal');
  const field = (index: number): number => Number.parseInt(text.slice(index * 8, index * 8 + 8), 16);

  const nameLength = field(11);
  const nameOffset = start + headerBytes;
  // The kernel skips names longer than PATH_MAX; here they are refused, so nothing is lost unseen.
  if (nameLength < 2 || nameLength > maxPathBytes + 1) throw malformed(start, `a name has ${nameLength} bytes`);
  const dataOffset = align(nameOffset + nameLength);
  const dataLength = field(6);
  // The last bytes of padding may be missing at the end of the input.
  if (nameOffset + nameLength > bytes.length || (dataLength > 0 && dataOffset + dataLength > bytes.length)) {
    throw malformed(start, 'a member is cut off');
  }
  if (bytes[nameOffset + nameLength - 1] !== 0) throw malformed(start, 'a name does not end with NUL');
  return {
    start,
    end: Math.min(align(dataOffset + dataLength), bytes.length),
    inode: `${text.slice(0, 8)}:${text.slice(56, 72)}`,
    mode: field(1),
    uid: field(2),
    gid: field(3),
    links: field(4),
    name: decode(bytes.subarray(nameOffset, nameOffset + nameLength - 1), start),
    data: bytes.subarray(dataOffset, dataOffset + dataLength),
  };
}

function toEntry(member: RawMember, path: string): ImageEntry {
  const type = typesByBits.get(member.mode & 0o170000);
  if (type === undefined || member.mode > 0o177777) {
    throw malformed(
      member.start,
      `${quotePath(path)} has the mode ${member.mode.toString(8)}: no file, directory or link`,
    );
  }
  if (member.uid > maxOwner || member.gid > maxOwner) throw malformed(member.start, `${quotePath(path)} has no owner`);
  const common = { path, type, mode: member.mode & 0o7777, uid: member.uid, gid: member.gid };
  if (type === 'file') return { ...common, contents: member.data };
  if (type === 'directory') {
    if (member.data.length > 0) throw malformed(member.start, `the directory ${quotePath(path)} has data`);
    return common;
  }
  const target = member.data.length > maxPathBytes ? '' : decode(member.data, member.start);
  if (target === '' || target.includes('\0')) throw malformed(member.start, `${quotePath(path)} has no usable target`);
  return { ...common, target };
}

/** The names of one hard-linked file: those still waiting for its data, and the data once it has come. */
interface Links {
  waiting: string[];
  contents?: Uint8Array;
}

/** Hard links carry their data once: GNU cpio puts it behind the last name, other writers behind the first. */
function shareData(
  inodes: Map<string, Links>,
  member: RawMember,
  entry: ImageEntry,
  entries: Map<string, ImageEntry>,
): void {
  const links = inodes.get(member.inode) ?? { waiting: [] };
  inodes.set(member.inode, links);
  if (member.data.length === 0) {
    if (links.contents === undefined) links.waiting.push(entry.path);
    else entries.set(entry.path, { ...entry, contents: links.contents });
    return;
  }
  for (const path of links.waiting) {
    const earlier = entries.get(path);
    if (earlier?.type === 'file') entries.set(path, { ...earlier, contents: member.data });
  }
  inodes.set(member.inode, { waiting: [], contents: member.data });
}

/** The kernel makes no parents and removes no directory that holds something: what it would drop unseen is an error. */
function checkPlace(member: RawMember, entry: ImageEntry, entries: ReadonlyMap<string, ImageEntry>): void {
  const slash = entry.path.lastIndexOf('/');
  if (slash >= 0 && entries.get(entry.path.slice(0, slash))?.type !== 'directory') {
    throw malformed(member.start, `${quotePath(entry.path)} has no directory before it to lie in`);
  }
  if (entry.type !== 'directory' && entries.get(entry.path)?.type === 'directory') {
    throw malformed(member.start, `the ${entry.type} ${quotePath(entry.path)} replaces a directory`);
  }
}

function skipZeros(bytes: Uint8Array, start: number): number {
  let offset = start;
  while (offset < bytes.length && bytes[offset] === 0) offset += 1;
  // A plain archive must start 4-byte aligned or the kernel does not see it.
  if (offset < bytes.length && offset % 4 !== 0) throw malformed(offset, 'an archive does not start 4-byte aligned');
  return offset;
}

function decode(bytes: Uint8Array, offset: number): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw malformed(offset, 'a name or link target is not UTF-8', cause);
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

function malformed(offset: number, problem: string, cause?: unknown): KeelwayError {
  return new KeelwayError({
    code: 'IMAGE_FORMAT_INVALID',
    message: `cpio archive, offset ${offset}: ${problem}`,
    hint: 'give an uncompressed newc cpio archive',
    cause,
  });
}
