import { getBoth32 } from './both-endian.ts';
import { isoMalformed } from './iso-malformed.ts';
import { type ByteRange, extentRange, type IsoSource } from './iso-source.ts';

/** One directory record; its extent is known to lie in the image. */
export interface DirectoryRecord {
  /** Where the record itself lies. */
  readonly range: ByteRange;
  readonly identifier: Uint8Array;
  readonly contents: ByteRange;
  readonly isDirectory: boolean;
  /** The contents go on in the next record. */
  readonly isContinued: boolean;
  /** Rock Ridge fields, and the like. */
  readonly systemUse: ByteRange;
}

const fixedBytes = 33;

/** Flags of a record (ECMA-119 9.1.6). */
const flag = { directory: 0x02, associated: 0x04, multiExtent: 0x80 };

/**
 * Reads the directory record that begins a range.
 *
 * @param range - From the record to the end of its sector.
 * @returns The record, or undefined when the rest of the sector is empty.
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` for a record that is not sound, or uses what no current image does
 * (interleaving, associated files).
 */
export function readRecord(source: IsoSource, { start, end }: ByteRange): DirectoryRecord | undefined {
  const { bytes, view } = source;
  const length = bytes[start] ?? 0;
  if (length === 0) return undefined;
  const identifierLength = start + fixedBytes <= end ? (bytes[start + 32] ?? 0) : 0;
  const identifierEnd = start + fixedBytes + identifierLength;
  if (start + length > end || identifierLength === 0 || identifierEnd > start + length) {
    throw isoMalformed(start, 'a directory record is cut off');
  }
  const extent = getBoth32(view, start + 2);
  const sizeBytes = getBoth32(view, start + 10);
  if (extent === undefined || sizeBytes === undefined) {
    throw isoMalformed(start, 'the two byte orders of a directory record disagree');
  }
  const flags = bytes[start + 25] ?? 0;
  if ((flags & flag.associated) !== 0 || bytes[start + 26] !== 0 || bytes[start + 27] !== 0) {
    throw isoMalformed(start, 'associated or interleaved files are not supported');
  }
  // Extended attributes, if any, lie before the contents.
  const attributeSectors = bytes[start + 1] ?? 0;
  return {
    range: { start, end: start + length },
    identifier: bytes.subarray(start + fixedBytes, identifierEnd),
    contents: extentRange(source, extent + attributeSectors, sizeBytes, start),
    isDirectory: (flags & flag.directory) !== 0,
    isContinued: (flags & flag.multiExtent) !== 0,
    systemUse: { start: Math.min(identifierEnd + ((identifierEnd - start) % 2), start + length), end: start + length },
  };
}
