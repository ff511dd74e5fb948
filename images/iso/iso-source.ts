import { sectorBytes } from './both-endian.ts';
import { isoMalformed } from './iso-malformed.ts';

/** A run of bytes of the image, known to lie in it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * An image that is being read and is not trusted.
 *
 * The budgets bound what a small image can ask for: every sector is read as a directory once, continuation areas sum
 * up to no more than the image, and the paths that come out to 64 Mi characters. So cycles and overlaps end in an error.
 */
export interface IsoSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Sectors that a directory has been read from. */
  readonly directorySectors: Set<number>;
  /** Bytes of continuation areas that may still be read. */
  continuationBudget: number;
  /** Characters of paths that may still be made. */
  pathBudget: number;
}

/** Wraps the bytes of an image, with fresh budgets. */
export function isoSource(bytes: Uint8Array): IsoSource {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    directorySectors: new Set(),
    continuationBudget: bytes.length,
    pathBudget: 2 ** 26,
  };
}

/**
 * Turns an extent into the bytes it covers.
 *
 * @param at - Offset of what names the extent, for the message.
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` when it does not lie in the image.
 */
export function extentRange(source: IsoSource, extent: number, sizeBytes: number, at: number): ByteRange {
  // What is empty lies nowhere: writers put any number there.
  if (sizeBytes === 0) return { start: 0, end: 0 };
  const start = extent * sectorBytes;
  const end = start + sizeBytes;
  if (end > source.bytes.length) throw isoMalformed(at, `an extent ends at ${end}, past the end of the image`);
  return { start, end };
}

/** Notes that the sectors of a directory are being read; a second time is a cycle or an overlap. */
export function claimDirectory(source: IsoSource, { start, end }: ByteRange): void {
  for (let sector = start / sectorBytes; sector * sectorBytes < end; sector += 1) {
    if (source.directorySectors.has(sector)) throw isoMalformed(start, 'directories form a cycle or overlap');
    source.directorySectors.add(sector);
  }
}
