import { entryPathProblem, exceedsBytes, maxOwner, maxPathBytes, quotePath } from '../archive/entry-limits.ts';
import type { ImageEntry, ImageEntryType } from '../archive/image-entry.ts';
import { sectorBytes } from './both-endian.ts';
import { isoMalformed } from './iso-malformed.ts';
import { type ByteRange, claimDirectory, extentRange, type IsoSource } from './iso-source.ts';
import { type DirectoryRecord, readRecord } from './read-record.ts';
import { type RockRidge, readRockRidge } from './read-rock-ridge.ts';

/** How the names of a hierarchy are read: with the bytes to skip before Rock Ridge fields, if that is where they are. */
export type NameReading =
  | { readonly names: 'rock-ridge'; readonly skipBytes: number }
  | { readonly names: 'joliet' | 'iso9660' };

/** An entry of a directory, and where to go on when it is a directory itself. */
export interface FoundEntry {
  readonly entry: ImageEntry;
  readonly directory: ByteRange | undefined;
}

const typesByBits: ReadonlyMap<number, ImageEntryType> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);

interface Decoder {
  decode(bytes: Uint8Array): string;
}

const utf8: Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16: Decoder = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/**
 * Reads the entries of one directory, without `.` and `..`.
 *
 * @param path - Path of the directory; empty for the root.
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` for records that are not sound, names that are unsafe or used
 * twice, special files, and directories that were read before.
 */
export function readDirectory(source: IsoSource, range: ByteRange, path: string, reading: NameReading): FoundEntry[] {
  claimDirectory(source, range);
  const found: FoundEntry[] = [];
  const seen = new Set<string>();
  for (const record of readRecords(source, range)) {
    const rockRidge = reading.names === 'rock-ridge' ? readFields(source, record, reading.skipBytes) : undefined;
    if (rockRidge?.isRelocated === true) continue;
    const name = readName(record, reading, rockRidge);
    const entryPath = path === '' ? name : `${path}/${name}`;
    source.pathBudget -= entryPath.length;
    if (source.pathBudget < 0) throw isoMalformed(record.range.start, 'the paths of the image are too long in sum');
    const problem = nameProblem(name, entryPath);
    if (problem !== undefined) {
      throw isoMalformed(record.range.start, `the name ${quotePath(entryPath)} is not usable: ${problem}`);
    }
    if (seen.has(name)) throw isoMalformed(record.range.start, `${quotePath(entryPath)} is there twice`);
    seen.add(name);
    found.push(toEntry(source, record, entryPath, rockRidge));
  }
  return found;
}

/** The path of the directory is known to be sound, so looking at the name and the whole length is enough. */
function nameProblem(name: string, path: string): string | undefined {
  if (name.includes('/')) return 'it has a slash in a name';
  if (exceedsBytes(path, maxPathBytes)) return `it is longer than ${maxPathBytes} bytes`;
  return entryPathProblem(name);
}

/** All records but `.` and `..`; the parts of a file in several extents are joined. */
function* readRecords(source: IsoSource, range: ByteRange): Generator<DirectoryRecord> {
  let first: DirectoryRecord | undefined;
  for (const record of readSectors(source, range)) {
    const { identifier } = record;
    if (identifier.length === 1 && (identifier[0] ?? 2) < 2) continue;
    const joined: DirectoryRecord = first === undefined ? record : joinExtents(first, record);
    if (record.isContinued) {
      first = joined;
      continue;
    }
    first = undefined;
    yield joined;
  }
  if (first !== undefined) throw isoMalformed(first.range.start, 'the last extent of a file is missing');
}

function* readSectors(source: IsoSource, range: ByteRange): Generator<DirectoryRecord> {
  for (let sector = range.start; sector < range.end; sector += sectorBytes) {
    const end = Math.min(sector + sectorBytes, range.end);
    let position = sector;
    while (position < end) {
      const record = readRecord(source, { start: position, end });
      if (record === undefined) break;
      yield record;
      position = record.range.end;
    }
  }
}

function joinExtents(first: DirectoryRecord, next: DirectoryRecord): DirectoryRecord {
  const isSameName = first.identifier.every((byte, index) => byte === next.identifier[index]);
  if (!isSameName || first.contents.end !== next.contents.start || first.isDirectory || next.isDirectory) {
    throw isoMalformed(next.range.start, 'the extents of a file do not follow each other');
  }
  return { ...first, contents: { start: first.contents.start, end: next.contents.end } };
}

function readFields(source: IsoSource, { systemUse }: DirectoryRecord, skipBytes: number): RockRidge {
  return readRockRidge(source, { start: systemUse.start + skipBytes, end: systemUse.end });
}

function readName(record: DirectoryRecord, reading: NameReading, rockRidge: RockRidge | undefined): string {
  const { identifier, range } = record;
  if (rockRidge !== undefined && rockRidge.name.length > 0) return decode(utf8, rockRidge.name, range.start);
  const isJoliet = reading.names === 'joliet';
  const name = isJoliet ? decode(utf16, identifier, range.start) : String.fromCharCode(...identifier);
  const unversioned = name.replace(/;[0-9]+$/, '');
  return isJoliet ? unversioned : unversioned.replace(/\.$/, '');
}

function toEntry(
  source: IsoSource,
  record: DirectoryRecord,
  path: string,
  rockRidge: RockRidge | undefined,
): FoundEntry {
  const at = record.range.start;
  const plainMode = record.isDirectory ? 0o040755 : 0o100644;
  const { mode = plainMode, uid = 0, gid = 0, target = [], childExtent } = rockRidge ?? {};
  const type = typesByBits.get(mode & 0o170000);
  const isDirectory = record.isDirectory || childExtent !== undefined;
  if (type === undefined || isDirectory !== (type === 'directory') || uid > maxOwner || gid > maxOwner) {
    throw isoMalformed(at, `${quotePath(path)} has the mode ${mode.toString(8)} and the owner ${uid}:${gid}`);
  }
  const common = { path, type, mode: mode & 0o7777, uid, gid };
  if (type === 'directory') {
    const directory = childExtent === undefined ? record.contents : findRelocated(source, childExtent, at);
    return { entry: common, directory };
  }
  if (type === 'symlink') {
    const text = decode(utf8, target, at);
    if (text === '' || text.includes('\0')) throw isoMalformed(at, `${quotePath(path)} has no usable target`);
    return { entry: { ...common, target: text }, directory: undefined };
  }
  const contents = source.bytes.subarray(record.contents.start, record.contents.end);
  return { entry: { ...common, contents }, directory: undefined };
}

/** A moved directory is known by its first sector alone; its size is in its own `.` record. */
function findRelocated(source: IsoSource, extent: number, at: number): ByteRange {
  const sector = extentRange(source, extent, sectorBytes, at);
  const self = readRecord(source, sector);
  if (self?.isDirectory !== true || self.contents.start !== sector.start) {
    throw isoMalformed(at, 'a moved directory is not where it should be');
  }
  return self.contents;
}

function decode(decoder: Decoder, bytes: Uint8Array | readonly number[], at: number): string {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw isoMalformed(at, 'a name or link target is not valid text', cause);
  }
}
