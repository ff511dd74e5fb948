import { maxNameBytes, maxPathBytes } from '../archive/entry-limits.ts';
import { getBoth32, sectorBytes } from './both-endian.ts';
import { isoMalformed } from './iso-malformed.ts';
import { type ByteRange, extentRange, type IsoSource } from './iso-source.ts';

/** What the Rock Ridge fields of one record say. */
export interface RockRidge {
  /** Bytes of the real name; empty when the record has none. */
  readonly name: number[];
  /** Bytes of the link target; empty when the record is no link. */
  readonly target: number[];
  /** File type and permission bits, when recorded. */
  mode: number | undefined;
  uid: number;
  gid: number;
  /** First sector of the directory that this record stands for, when it was moved up to keep the tree shallow. */
  childExtent: number | undefined;
  /** The record is such a moved directory, to be shown where its stand-in is. */
  isRelocated: boolean;
}

/** As in the Linux kernel. */
const maxContinuations = 32;

const dot = 0x2e;
const slash = 0x2f;

/**
 * Says how many bytes to skip before the System Use fields of every record, or undefined when there are none.
 *
 * @param systemUse - That of the root directory's own record, where SUSP wants its SP field first.
 */
export function systemUseSkip({ bytes }: IsoSource, systemUse: ByteRange): number | undefined {
  const { start, end } = systemUse;
  if (end - start < 7) return undefined;
  const sp = [0x53, 0x50, 7, 1, 0xbe, 0xef];
  return sp.every((byte, index) => bytes[start + index] === byte) ? bytes[start + 6] : undefined;
}

/**
 * Reads the Rock Ridge fields of a record, following continuation areas.
 *
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` for fields that are cut off, endless or too long.
 */
export function readRockRidge(source: IsoSource, systemUse: ByteRange): RockRidge {
  const result: RockRidge = {
    name: [],
    target: [],
    mode: undefined,
    uid: 0,
    gid: 0,
    childExtent: undefined,
    isRelocated: false,
  };
  const link: LinkState = { needsSlash: false };
  let area: ByteRange | undefined = systemUse;
  for (let count = 0; area !== undefined; count += 1) {
    if (count > maxContinuations) throw isoMalformed(area.start, 'System Use fields do not end');
    area = readArea(source, area, result, link);
  }
  return result;
}

interface LinkState {
  /** The next component of the link follows a finished one. */
  needsSlash: boolean;
}

/** Reads one run of fields; returns where they go on. */
function readArea(source: IsoSource, area: ByteRange, result: RockRidge, link: LinkState): ByteRange | undefined {
  const { bytes, view } = source;
  let next: ByteRange | undefined;
  let position = area.start;
  // Fewer than four bytes are padding.
  while (position + 4 <= area.end && bytes[position] !== 0) {
    const length = bytes[position + 2] ?? 0;
    if (length < 4 || position + length > area.end) throw isoMalformed(position, 'a System Use field is cut off');
    const field: ByteRange = { start: position, end: position + length };
    switch (String.fromCharCode(bytes[position] ?? 0, bytes[position + 1] ?? 0)) {
      case 'CE':
        next = readPointer(source, field);
        break;
      case 'PX':
        expectLength(field, 36);
        result.mode = view.getUint32(position + 4, true);
        result.uid = view.getUint32(position + 20, true);
        result.gid = view.getUint32(position + 28, true);
        break;
      case 'NM':
        readName(bytes, field, result.name);
        break;
      case 'SL':
        readLink(bytes, field, result.target, link);
        break;
      case 'CL':
        expectLength(field, 12);
        result.childExtent = view.getUint32(position + 4, true);
        break;
      case 'RE':
        result.isRelocated = true;
        break;
      case 'ZF':
        throw isoMalformed(position, 'compressed files (zisofs) are not supported');
      case 'ST':
        return next;
      default:
      // Times, device numbers and other extensions do not matter here.
    }
    position += length;
  }
  return next;
}

function readPointer(source: IsoSource, field: ByteRange): ByteRange {
  expectLength(field, 28);
  const extent = getBoth32(source.view, field.start + 4);
  const offset = getBoth32(source.view, field.start + 12);
  const length = getBoth32(source.view, field.start + 20);
  if (extent === undefined || offset === undefined || length === undefined || offset + length > sectorBytes) {
    throw isoMalformed(field.start, 'a continuation area is not sound');
  }
  source.continuationBudget -= length;
  if (source.continuationBudget < 0) throw isoMalformed(field.start, 'continuation areas are larger than the image');
  const range = extentRange(source, extent, offset + length, field.start);
  return { start: range.start + offset, end: range.end };
}

function readName(bytes: Uint8Array, field: ByteRange, name: number[]): void {
  expectLength(field, 5);
  // "." and ".." may be marked instead of named.
  if (((bytes[field.start + 4] ?? 0) & 0x06) !== 0) return;
  name.push(...bytes.subarray(field.start + 5, field.end));
  if (name.length > maxNameBytes) throw isoMalformed(field.start, `a name is longer than ${maxNameBytes} bytes`);
}

function readLink(bytes: Uint8Array, field: ByteRange, target: number[], link: LinkState): void {
  expectLength(field, 5);
  let position = field.start + 5;
  while (position + 2 <= field.end) {
    const flags = bytes[position] ?? 0;
    const end = position + 2 + (bytes[position + 1] ?? 0);
    if (end > field.end) throw isoMalformed(position, 'a link component is cut off');
    if (link.needsSlash) target.push(slash);
    link.needsSlash = (flags & 0x01) === 0;
    switch (flags & ~0x01) {
      case 0x00:
        target.push(...bytes.subarray(position + 2, end));
        break;
      case 0x02:
        target.push(dot);
        break;
      case 0x04:
        target.push(dot, dot);
        break;
      case 0x08:
        target.push(slash);
        link.needsSlash = false;
        break;
      default:
        throw isoMalformed(position, `a link component has the flags ${flags}`);
    }
    if (target.length > maxPathBytes) throw isoMalformed(position, `a link is longer than ${maxPathBytes} bytes`);
    position = end;
  }
}

function expectLength({ start, end }: ByteRange, length: number): void {
  if (end - start < length) throw isoMalformed(start, 'a System Use field is too short');
}
