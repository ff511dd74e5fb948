import { getBoth32, sectorBytes } from './both-endian.ts';
import { isoMalformed } from './iso-malformed.ts';
import type { ByteRange, IsoSource } from './iso-source.ts';
import { type DirectoryRecord, readRecord } from './read-record.ts';

/** What the volume descriptors of an image say. */
export interface Volume {
  readonly volumeId: string;
  /** Root of the plain (and Rock Ridge) hierarchy. */
  readonly root: DirectoryRecord;
  /** Root of the Joliet hierarchy, if there is one. */
  readonly jolietRoot: DirectoryRecord | undefined;
}

const firstDescriptor = 16;

/** Images have three or four; the bound is there for hostile ones. */
const maxDescriptors = 64;

/** `%/@`, `%/C`, `%/E`: Joliet levels 1 to 3, by their last byte. */
const jolietLevels = new Set([0x40, 0x43, 0x45]);

/**
 * Reads the set of volume descriptors.
 *
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` when there is no primary one, the set does not end, or the image
 * is shorter than it says.
 */
export function readVolumeDescriptors(source: IsoSource): Volume {
  let primary: number | undefined;
  let joliet: number | undefined;
  for (let index = 0; ; index += 1) {
    const offset = (firstDescriptor + index) * sectorBytes;
    if (index === maxDescriptors) throw isoMalformed(offset, 'the volume descriptors do not end');
    const kind = descriptorKind(source, offset);
    if (kind === 255) break;
    if (kind === 1) primary ??= offset;
    if (kind === 2 && isJoliet(source.bytes, offset)) joliet ??= offset;
  }
  if (primary === undefined) throw isoMalformed(firstDescriptor * sectorBytes, 'there is no primary volume descriptor');
  return {
    volumeId: readVolumeId(source.bytes, primary),
    root: readRoot(source, primary),
    jolietRoot: joliet === undefined ? undefined : readRoot(source, joliet),
  };
}

function descriptorKind(source: IsoSource, offset: number): number {
  const { bytes } = source;
  if (offset + sectorBytes > bytes.length) throw isoMalformed(offset, 'the image ends in its volume descriptors');
  const id = String.fromCharCode(...bytes.subarray(offset + 1, offset + 6));
  if (id !== 'CD001') throw isoMalformed(offset, 'no volume descriptor (CD001) begins here');
  return source.view.getUint8(offset);
}

function isJoliet(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset + 88] === 0x25 && bytes[offset + 89] === 0x2f && jolietLevels.has(bytes[offset + 90] ?? 0);
}

function readVolumeId(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset + 40, offset + 72)).replace(/[ \0]+$/, '');
}

function readRoot(source: IsoSource, offset: number): DirectoryRecord {
  const { view, bytes } = source;
  const blockBytes = view.getUint16(offset + 128, true);
  if (blockBytes !== sectorBytes) throw isoMalformed(offset, `blocks have ${blockBytes} bytes`);
  const sectors = getBoth32(view, offset + 80);
  if (sectors === undefined || sectors * sectorBytes > bytes.length) {
    throw isoMalformed(offset, 'the image is shorter than its volume');
  }
  const range: ByteRange = { start: offset + 156, end: offset + 190 };
  const root = readRecord(source, range);
  if (root?.isDirectory !== true) throw isoMalformed(range.start, 'the root is not a directory');
  return root;
}
