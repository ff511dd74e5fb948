import type { ImageEntry } from '../archive/image-entry.ts';
import { isoMalformed } from './iso-malformed.ts';
import { type ByteRange, type IsoSource, isoSource } from './iso-source.ts';
import { type NameReading, readDirectory } from './read-directory.ts';
import { readRecord } from './read-record.ts';
import { systemUseSkip } from './read-rock-ridge.ts';
import { readVolumeDescriptors, type Volume } from './read-volume-descriptors.ts';

/** Where the names (and modes) of an image come from. */
export type Iso9660Names = 'rock-ridge' | 'joliet' | 'iso9660';

export interface ReadIso9660Options {
  /** Which names to read; the best the image has when absent: Rock Ridge, then Joliet, then plain. */
  readonly names?: Iso9660Names;
}

export interface Iso9660Image {
  /** Label, without the spaces that fill it up. */
  readonly volumeId: string;
  readonly names: Iso9660Names;
  /** Parents before children; contents are views of the image, not copies. */
  readonly entries: ImageEntry[];
}

/**
 * Reads an ISO 9660 image: its label and every entry.
 *
 * Modes, owners and links come from Rock Ridge; without it directories are 0755 and files 0644, and a link of the image
 * shows as an empty file. Safe on hostile input: extents, records and fields are checked before use, cycles end in an
 * error, time and memory stay within a small multiple of the input, and no path that comes out is absolute or has `..`.
 *
 * @throws {@link KeelwayError} `IMAGE_FORMAT_INVALID` for anything that is not a complete, sound image, for special
 * files an {@link ImageEntry} cannot express, and when the wanted names are not there.
 */
export function readIso9660(bytes: Uint8Array, options: ReadIso9660Options = {}): Iso9660Image {
  const source = isoSource(bytes);
  const volume = readVolumeDescriptors(source);
  const { root, reading } = chooseNames(source, volume, options.names);
  const entries: ImageEntry[] = [];
  const pending: { range: ByteRange; path: string }[] = [{ range: root, path: '' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { entry, directory } of readDirectory(source, next.range, next.path, reading)) {
      entries.push(entry);
      if (directory !== undefined) pending.push({ range: directory, path: entry.path });
    }
  }
  return { volumeId: volume.volumeId, names: reading.names, entries };
}

function chooseNames(
  source: IsoSource,
  { root, jolietRoot }: Volume,
  wanted: Iso9660Names | undefined,
): { root: ByteRange; reading: NameReading } {
  const skipBytes = rockRidgeSkip(source, root.contents);
  if (skipBytes !== undefined && (wanted ?? 'rock-ridge') === 'rock-ridge') {
    return { root: root.contents, reading: { names: 'rock-ridge', skipBytes } };
  }
  if (jolietRoot !== undefined && (wanted ?? 'joliet') === 'joliet') {
    return { root: jolietRoot.contents, reading: { names: 'joliet' } };
  }
  if ((wanted ?? 'iso9660') === 'iso9660') return { root: root.contents, reading: { names: 'iso9660' } };
  throw isoMalformed(0, `the image has no ${wanted} names`);
}

/** Rock Ridge announces itself in the root directory's own record. */
function rockRidgeSkip(source: IsoSource, root: ByteRange): number | undefined {
  const self = readRecord(source, { start: root.start, end: Math.min(root.end, root.start + 2048) });
  return self === undefined ? undefined : systemUseSkip(source, self.systemUse);
}
