import type { ImageEntryType } from '../archive/image-entry.ts';
import { setBoth32 } from './both-endian.ts';
import type { IsoNode } from './iso-tree.ts';

/** The part of a directory record that Rock Ridge describes: the directory itself, its parent, or something in it. */
export type RecordRole = 'self' | 'parent' | 'child';

/** The file-type bits of `st_mode`. */
const typeBits: Readonly<Record<ImageEntryType, number>> = { file: 0o100000, directory: 0o040000, symlink: 0o120000 };

/** Bits of the RR field: which of the other fields a record carries. */
const has = { px: 0x01, sl: 0x04, nm: 0x08, tf: 0x80 };

/** Contents of one field: its length is one byte, and signature, length, version and flags take five. */
const maxPieceBytes = 250;

/** A link component that goes on in the next field, and has no text yet. */
const unfinished = [1, 0];

const encoder = new TextEncoder();

/** SP: System Use fields begin at the first byte (nothing to skip). */
const sharingField = susp('SP', 0xbe, 0xef, 0);

const extensionField = extensionReference();

/**
 * Builds the Rock Ridge fields (SUSP 1.12, RRIP 1.10 as `RRIP_1991A`) of one directory record.
 *
 * RRIP 1.10 rather than 1.12: every reader knows it, and what 1.12 adds is an inode number nobody needs.
 *
 * @param stamp - Seven-byte time, used for modification, access and attribute change.
 * @returns Fields in the order to record them; the first of the root directory's own record is SP, as SUSP demands.
 * @see https://docs.kernel.org/filesystems/isofs.html for the specifications
 */
export function rockRidgeFields(node: IsoNode, role: RecordRole, stamp: Uint8Array): Uint8Array[] {
  const { entry } = node;
  const times = susp('TF', 0x0e, ...stamp, ...stamp, ...stamp);
  if (role !== 'child') {
    const fields = [susp('RR', has.px | has.tf), attributes(node), times];
    return role === 'self' && entry.path === '' ? [sharingField, ...fields, extensionField] : fields;
  }
  const links = entry.type === 'symlink' ? linkFields(entry.target) : [];
  const flags = has.px | has.nm | has.tf | (links.length > 0 ? has.sl : 0);
  return [susp('RR', flags), ...nameFields(entry.name), attributes(node), times, ...links];
}

/** PX: mode, number of links, owner and group. */
function attributes({ entry, subdirectories }: IsoNode): Uint8Array {
  const bytes = new Uint8Array(36);
  bytes.set(susp('PX'));
  bytes[2] = bytes.length;
  const view = new DataView(bytes.buffer);
  setBoth32(view, 4, typeBits[entry.type] | entry.mode);
  setBoth32(view, 12, entry.type === 'directory' ? 2 + subdirectories : 1);
  setBoth32(view, 20, entry.uid);
  setBoth32(view, 28, entry.gid);
  return bytes;
}

/** NM: the real name, in several fields when it is long. */
function nameFields(name: string): Uint8Array[] {
  const bytes = encoder.encode(name);
  const fields: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += maxPieceBytes) {
    const isContinued = start + maxPieceBytes < bytes.length;
    fields.push(susp('NM', isContinued ? 1 : 0, ...bytes.subarray(start, start + maxPieceBytes)));
  }
  return fields;
}

/** SL: the text of a symbolic link, component by component. */
function linkFields(target: string): Uint8Array[] {
  const fields: number[][] = [];
  let field: number[] = [];
  let isOpen = false;
  for (const component of linkComponents(target)) {
    if (field.length + component.length > maxPieceBytes - unfinished.length) {
      // Readers disagree on whether a slash belongs between the last component of one field and the first of the next
      // (Linux adds it, libarchive does not). Ending with a component that is empty and unfinished is clear to both.
      if (!isOpen) field.push(...unfinished);
      fields.push(field);
      field = [];
    }
    field.push(...component);
    isOpen = component[0] === 1;
  }
  fields.push(field);
  return fields.map((bytes, index) => susp('SL', index < fields.length - 1 ? 1 : 0, ...bytes));
}

/** Component records: flags, length, text. `.`, `..` and the root have flags of their own instead of a text. */
function linkComponents(target: string): number[][] {
  const components: number[][] = [];
  const names = target.split('/');
  if (names[0] === '') {
    names.shift();
    components.push([0x08, 0]);
  }
  for (const name of names) {
    if (name === '.') components.push([0x02, 0]);
    else if (name === '..') components.push([0x04, 0]);
    else components.push(...textComponents(encoder.encode(name)));
  }
  return components;
}

function textComponents(bytes: Uint8Array): number[][] {
  const step = maxPieceBytes - unfinished.length - 2;
  const components: number[][] = [];
  let start = 0;
  for (; start + step < bytes.length; start += step) components.push([1, step, ...bytes.subarray(start, start + step)]);
  components.push([0, bytes.length - start, ...bytes.subarray(start)]);
  return components;
}

/** ER: says that the System Use fields are Rock Ridge; the texts are those every writer records. */
function extensionReference(): Uint8Array {
  const id = 'RRIP_1991A';
  const description = 'THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS';
  const source =
    'PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR ' +
    'CONTACT INFORMATION.';
  const text = encoder.encode(id + description + source);
  return susp('ER', id.length, description.length, source.length, 1, ...text);
}

/** A System Use field: two letters, its length, version 1, and the data. */
function susp(signature: string, ...data: number[]): Uint8Array {
  return Uint8Array.of(signature.charCodeAt(0), signature.charCodeAt(1), data.length + 4, 1, ...data);
}
