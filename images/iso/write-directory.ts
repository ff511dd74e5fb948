import { sectorBytes, setBoth16, setBoth32 } from './both-endian.ts';
import type { IsoNode } from './iso-tree.ts';
import { type PlannedDirectory, type PlannedRecord, placeRecord, systemUseOffset } from './plan-hierarchy.ts';
import { writeSystemUse } from './system-use.ts';

/** Where the thing a record names lies. */
interface Extent {
  readonly extent: number;
  readonly sizeBytes: number;
}

/**
 * Writes the records of one directory, and the Rock Ridge fields that continue behind it.
 *
 * @param view - The whole image.
 * @param subdirectories - The planned form of every directory of the same hierarchy, by its node.
 * @param stamp - Seven-byte time of every record.
 */
export function writeDirectory(
  view: DataView,
  directory: PlannedDirectory,
  subdirectories: ReadonlyMap<IsoNode, PlannedDirectory>,
  stamp: Uint8Array,
): void {
  const areaExtent = directory.extent + directory.sizeBytes / sectorBytes;
  let position = 0;
  for (const record of directory.records) {
    const { entry, extent } = record.node;
    const target = subdirectories.get(record.node) ?? { extent, sizeBytes: entry.contents.length };
    position = placeRecord(position, record.length);
    const offset = directory.extent * sectorBytes + position;
    writeRecord(view, offset, record, target, stamp);
    writeSystemUse(view, offset + systemUseOffset(record.identifier), record.systemUse, areaExtent);
    position += record.length;
  }
}

/** Writes the root's record of a volume descriptor: 34 bytes, without System Use fields. */
export function writeRootRecord(view: DataView, offset: number, root: PlannedDirectory, stamp: Uint8Array): void {
  writeRecord(view, offset, { node: root.node, identifier: Uint8Array.of(0), length: 34 }, root, stamp);
}

/** @see https://ecma-international.org/publications-and-standards/standards/ecma-119/ section 9.1 */
function writeRecord(
  view: DataView,
  offset: number,
  record: Pick<PlannedRecord, 'node' | 'identifier' | 'length'>,
  target: Extent,
  stamp: Uint8Array,
): void {
  const image = new Uint8Array(view.buffer);
  image[offset] = record.length;
  setBoth32(view, offset + 2, target.extent);
  setBoth32(view, offset + 10, target.sizeBytes);
  image.set(stamp, offset + 18);
  image[offset + 25] = record.node.entry.type === 'directory' ? 0x02 : 0;
  setBoth16(view, offset + 28, 1); // the volume of the set, which has one
  image[offset + 32] = record.identifier.length;
  image.set(record.identifier, offset + 33);
}
