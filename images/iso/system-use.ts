import { sectorBytes, setBoth32 } from './both-endian.ts';

/** Length of a CE field, which points to where the System Use fields of a record go on. */
const pointerBytes = 28;

/** A run of System Use fields that lie together. */
interface Piece {
  /** Offset in the continuation area of the directory; meaningless for the piece inside the record. */
  readonly offset: number;
  readonly fields: readonly Uint8Array[];
  /** Bytes of the piece, with the CE field to the next one if there is one. */
  readonly length: number;
}

/** The System Use fields of one record: the first piece lies in the record, others in the continuation area. */
export interface SystemUse {
  readonly pieces: readonly Piece[];
  /** Bytes that lie in the record itself. */
  readonly inlineBytes: number;
}

/** Space behind the extent of a directory for fields that do not fit into its records. */
export interface ContinuationArea {
  length: number;
}

/**
 * Distributes System Use fields over a record and a continuation area, in order.
 *
 * No piece crosses a sector, because the Linux kernel refuses one that does; fields beyond 2048 bytes are chained.
 *
 * @param room - Bytes the record has left.
 * @param area - Grows by what is placed in it.
 */
export function planSystemUse(fields: readonly Uint8Array[], room: number, area: ContinuationArea): SystemUse {
  const pieces: Piece[] = [];
  let rest = fields;
  let space = room;
  do {
    const total = byteLength(rest);
    const taken = total <= space ? rest.length : countFitting(rest, space - pointerBytes);
    const own = rest.slice(0, taken);
    const length = total <= space ? total : byteLength(own) + pointerBytes;
    pieces.push({ offset: pieces.length === 0 ? 0 : reserve(area, length), fields: own, length });
    rest = rest.slice(taken);
    space = sectorBytes;
  } while (rest.length > 0);
  return { pieces, inlineBytes: pieces[0]?.length ?? 0 };
}

/**
 * Writes planned System Use fields.
 *
 * @param view - The whole image.
 * @param offset - Where the record's System Use begins, in bytes.
 * @param areaExtent - First sector of the directory's continuation area.
 */
export function writeSystemUse(view: DataView, offset: number, systemUse: SystemUse, areaExtent: number): void {
  const image = new Uint8Array(view.buffer);
  let position = offset;
  for (const [index, piece] of systemUse.pieces.entries()) {
    if (index > 0) position = areaExtent * sectorBytes + piece.offset;
    for (const field of piece.fields) {
      image.set(field, position);
      position += field.length;
    }
    const next = systemUse.pieces[index + 1];
    if (next === undefined) continue;
    image.set([0x43, 0x45, pointerBytes, 1], position); // "CE"
    setBoth32(view, position + 4, areaExtent + Math.floor(next.offset / sectorBytes));
    setBoth32(view, position + 12, next.offset % sectorBytes);
    setBoth32(view, position + 20, next.length);
  }
}

function reserve(area: ContinuationArea, length: number): number {
  const used = area.length % sectorBytes;
  if (used + length > sectorBytes) area.length += sectorBytes - used;
  const offset = area.length;
  area.length += length;
  return offset;
}

function countFitting(fields: readonly Uint8Array[], space: number): number {
  let used = 0;
  let count = 0;
  for (const field of fields) {
    used += field.length;
    if (used > space) break;
    count += 1;
  }
  return count;
}

function byteLength(fields: readonly Uint8Array[]): number {
  return fields.reduce((sum, field) => sum + field.length, 0);
}
