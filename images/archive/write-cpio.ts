import { KeelwayError } from '../../lib/errors.ts';
import type { ImageEntry, ImageEntryType } from './image-entry.ts';
import { type NormalizedEntry, normalizeEntries } from './normalize-entries.ts';

export interface CpioOptions {
  /** Modification time of every member, Unix seconds, 0 to 2^32 - 1. */
  readonly createdSeconds: number;
}

/** The file-type bits of `st_mode`, as newc stores them. */
const typeBits: Readonly<Record<ImageEntryType, number>> = { file: 0o100000, directory: 0o040000, symlink: 0o120000 };

const headerBytes = 110;
const trailer = 'TRAILER!!!';

/** What GNU cpio pads to; a multiple of the 4 bytes the kernel aligns a following archive to. */
const blockBytes = 512;

/** Largest image that is built in memory. */
const maxImageBytes = 0xffff_ffff;

const encoder = new TextEncoder();

/**
 * Writes a cpio archive of the "newc" format, the one the Linux kernel unpacks an initramfs from.
 *
 * The same entries, in any order, give the same bytes, and they are those of `cpio -o -H newc --reproducible` over the
 * sorted tree: parents before children, inode numbers counted from 0, device numbers 0, padded with zeros to 512 bytes.
 * So the archive may be appended to another initrd that ends 4-byte aligned, and another may be appended to it.
 *
 * @returns The archive, uncompressed; length a multiple of 512.
 * @throws {@link KeelwayError} as {@link normalizeEntries}; `IMAGE_FORMAT_INVALID` for a time that does not fit in 32
 * bits; `IMAGE_NAME_INVALID` for a path that would end the archive (`TRAILER!!!`); `IMAGE_TOO_LARGE` when the archive would not stay below 4 GiB.
 * @see https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */
export function writeCpio(entries: readonly ImageEntry[], options: CpioOptions): Uint8Array {
  const { createdSeconds } = options;
  if (!Number.isInteger(createdSeconds) || createdSeconds < 0 || createdSeconds > 0xffff_ffff) {
    throw new KeelwayError({
      code: 'IMAGE_FORMAT_INVALID',
      message: `${createdSeconds} is not a time a cpio archive can hold`,
      hint: 'give createdSeconds as whole Unix seconds, 0 to 4294967295',
    });
  }
  const members = toMembers(normalizeEntries(entries));
  let length = memberBytes(trailer.length, 0);
  for (const member of members) length += memberBytes(member.name.length, member.data.length);
  length = Math.ceil(length / blockBytes) * blockBytes;
  if (length > maxImageBytes) {
    throw new KeelwayError({
      code: 'IMAGE_TOO_LARGE',
      message: `the cpio archive would have ${length} bytes; one archive has fewer than 4 GiB`,
      hint: 'put large files into an image of their own, or fetch them from the network',
    });
  }

  const archive = new Uint8Array(length);
  let offset = 0;
  for (const [inode, member] of members.entries()) {
    const { mode, uid, gid } = member.entry;
    const fields = [inode, typeBits[member.entry.type] | mode, uid, gid, member.links, createdSeconds];
    offset = writeMember(archive, offset, fields, member.name, member.data);
  }
  writeMember(archive, offset, [0, 0, 0, 0, 1, 0], encoder.encode(trailer), new Uint8Array(0));
  return archive;
}

interface Member {
  readonly entry: NormalizedEntry;
  readonly name: Uint8Array;
  readonly data: Uint8Array;
  links: number;
}

function toMembers(entries: readonly NormalizedEntry[]): Member[] {
  const directories = new Map<string, Member>();
  const members: Member[] = [];
  for (const entry of entries) {
    if (entry.path === trailer) {
      throw new KeelwayError({
        code: 'IMAGE_NAME_INVALID',
        message: `an image entry has the path ${trailer}, which marks the end of a cpio archive`,
        hint: 'rename it, or put it into a directory',
      });
    }
    const isDirectory = entry.type === 'directory';
    const data = entry.type === 'symlink' ? encoder.encode(entry.target) : entry.contents;
    const member: Member = { entry, name: encoder.encode(entry.path), data, links: isDirectory ? 2 : 1 };
    members.push(member);
    if (!isDirectory) continue;
    directories.set(entry.path, member);
    // A directory is linked to by its own ".", its name, and the ".." of every directory in it.
    const parent = directories.get(entry.parentPath);
    if (parent !== undefined) parent.links += 1;
  }
  return members;
}

function memberBytes(nameLength: number, dataLength: number): number {
  return align(headerBytes + nameLength + 1) + align(dataLength);
}

/** Writes header, name and data; `fields` are ino, mode, uid, gid, nlink and mtime. Returns where the next one starts. */
function writeMember(
  archive: Uint8Array,
  offset: number,
  fields: readonly number[],
  name: Uint8Array,
  data: Uint8Array,
): number {
  // After the given six: filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check.
  const header = [...fields, data.length, 0, 0, 0, 0, name.length + 1, 0];
  encoder.encodeInto(`070701${header.map(hex).join('')}`, archive.subarray(offset));
  archive.set(name, offset + headerBytes);
  const dataOffset = offset + align(headerBytes + name.length + 1);
  archive.set(data, dataOffset);
  return dataOffset + align(data.length);
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

function align(length: number): number {
  return Math.ceil(length / 4) * 4;
}
