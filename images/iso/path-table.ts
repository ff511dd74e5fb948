import type { PlannedDirectory } from './plan-hierarchy.ts';

/** Size in bytes of one path table of a hierarchy; the little and the big endian one are equally long. */
export function pathTableBytes(directories: readonly PlannedDirectory[]): number {
  return directories.reduce((sum, { identifier }) => sum + recordLength(identifier), 0);
}

/**
 * Writes a path table, the flat index of all directories (ECMA-119 9.4).
 *
 * @param view - The whole image.
 * @param offset - Where the table begins, in bytes.
 * @param littleEndian - True for a type L table, false for type M.
 */
export function writePathTable(
  view: DataView,
  offset: number,
  directories: readonly PlannedDirectory[],
  littleEndian: boolean,
): void {
  let position = offset;
  for (const { identifier, extent, parent } of directories) {
    view.setUint8(position, identifier.length);
    view.setUint32(position + 2, extent, littleEndian);
    view.setUint16(position + 6, parent?.number ?? 1, littleEndian);
    new Uint8Array(view.buffer).set(identifier, position + 8);
    position += recordLength(identifier);
  }
}

function recordLength(identifier: Uint8Array): number {
  return 8 + identifier.length + (identifier.length % 2);
}
