import { sectorBytes, sectorCount } from './both-endian.ts';
import type { IsoNode } from './iso-tree.ts';
import { jolietNames } from './joliet-names.ts';
import { primaryNames } from './primary-names.ts';
import { type RecordRole, rockRidgeFields } from './rock-ridge.ts';
import { type ContinuationArea, planSystemUse, type SystemUse } from './system-use.ts';

/** The two directory hierarchies of an image; both lead to the same file contents. */
export type HierarchyKind = 'primary' | 'joliet';

/** One directory record. */
export interface PlannedRecord {
  readonly node: IsoNode;
  readonly identifier: Uint8Array;
  readonly systemUse: SystemUse;
  /** Length of the record in bytes, even. */
  readonly length: number;
}

/** One directory of a hierarchy: its records, and where it lies. */
export interface PlannedDirectory {
  readonly node: IsoNode;
  readonly parent: PlannedDirectory | undefined;
  /** Place in the path table, from 1. */
  readonly number: number;
  readonly identifier: Uint8Array;
  /** `.`, `..`, then the children in the order ECMA-119 9.3 demands. */
  readonly records: PlannedRecord[];
  /** Whole sectors of records. */
  sizeBytes: number;
  /** Fields that did not fit into the records; lies directly behind them, where streaming readers expect it. */
  readonly area: ContinuationArea;
  /** First sector; 0 until laid out. */
  extent: number;
}

/** Fixed part of a directory record. */
const recordBytes = 33;

/** A record's length is one byte, and even. */
const maxRecordBytes = 254;

/**
 * Plans every directory of one hierarchy: names, record sizes and order; extents are left to the layout.
 *
 * Depth is not limited to the eight levels of ISO 9660: relocating deep directories confuses more readers than it helps
 * (Linux, libarchive and xorriso read any depth).
 *
 * @returns Directories in path table order: by level, then by parent, then by name; the root is first.
 */
export function planHierarchy(kind: HierarchyKind, root: IsoNode, stamp: Uint8Array): PlannedDirectory[] {
  const directories = [toDirectory(root, undefined, 1, Uint8Array.of(0))];
  // Appending while iterating makes it breadth first.
  for (const directory of directories) {
    const { node, parent, records } = directory;
    const add = (child: IsoNode, role: RecordRole, identifier: Uint8Array): void => {
      const fields = kind === 'primary' ? rockRidgeFields(child, role, stamp) : [];
      records.push(planRecord(child, identifier, fields, directory.area));
    };
    add(node, 'self', Uint8Array.of(0));
    add((parent ?? directory).node, 'parent', Uint8Array.of(1));
    for (const { child, name } of sortedChildren(kind, node)) {
      const isDirectory = child.entry.type === 'directory';
      add(child, 'child', identify(kind, name, isDirectory));
      if (!isDirectory) continue;
      directories.push(toDirectory(child, directory, directories.length + 1, identify(kind, name, true)));
    }
    directory.sizeBytes = sizeOf(records);
  }
  return directories;
}

/**
 * Finds where a record goes: records do not cross sectors, so one that does not fit starts the next sector.
 *
 * @param position - Bytes of the directory used so far.
 */
export function placeRecord(position: number, length: number): number {
  const used = position % sectorBytes;
  return used + length > sectorBytes ? position + sectorBytes - used : position;
}

function toDirectory(
  node: IsoNode,
  parent: PlannedDirectory | undefined,
  number: number,
  identifier: Uint8Array,
): PlannedDirectory {
  return { node, parent, number, identifier, records: [], sizeBytes: 0, area: { length: 0 }, extent: 0 };
}

function sortedChildren(kind: HierarchyKind, { children }: IsoNode): { child: IsoNode; name: string }[] {
  const names = kind === 'primary' ? primaryNames(children) : jolietNames(children);
  const named = children.map((child, index) => ({ child, name: names[index] ?? '' }));
  return named.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Turns a name into the bytes of an identifier: files get the version `;1`, plain directories lose their dot. */
function identify(kind: HierarchyKind, name: string, isDirectory: boolean): Uint8Array {
  if (kind === 'joliet') return utf16BigEndian(isDirectory ? name : `${name};1`);
  return new TextEncoder().encode(isDirectory ? name.replace('.', '') : `${name};1`);
}

/** Encodes text the way Joliet stores it; two bytes a unit. */
export function utf16BigEndian(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < text.length; index += 1) view.setUint16(index * 2, text.charCodeAt(index));
  return bytes;
}

function planRecord(
  node: IsoNode,
  identifier: Uint8Array,
  fields: readonly Uint8Array[],
  area: ContinuationArea,
): PlannedRecord {
  const start = systemUseOffset(identifier);
  const systemUse = planSystemUse(fields, maxRecordBytes - start, area);
  const length = start + systemUse.inlineBytes;
  return { node, identifier, systemUse, length: length + (length % 2) };
}

/** Where a record's System Use begins: behind the identifier, at an even offset. */
export function systemUseOffset(identifier: Uint8Array): number {
  const end = recordBytes + identifier.length;
  return end + (end % 2);
}

function sizeOf(records: readonly PlannedRecord[]): number {
  let position = 0;
  for (const { length } of records) position = placeRecord(position, length) + length;
  return sectorCount(position) * sectorBytes;
}
