import { KeelwayError } from '../../lib/errors.ts';
import { exceedsBytes, quotePath } from '../archive/entry-limits.ts';
import type { ImageEntry } from '../archive/image-entry.ts';
import { type NormalizedEntry, normalizeEntries } from '../archive/normalize-entries.ts';
import { sectorBytes, sectorCount } from './both-endian.ts';
import { maxIsoSeconds, recordTime } from './iso-time.ts';
import { type IsoNode, isoTree } from './iso-tree.ts';
import { pathTableBytes, writePathTable } from './path-table.ts';
import { type HierarchyKind, type PlannedDirectory, planHierarchy } from './plan-hierarchy.ts';
import { writeTerminator, writeVolumeDescriptor } from './volume-descriptor.ts';
import { writeDirectory } from './write-directory.ts';

export interface Iso9660Options {
  /** Label of the file system: 1 to 32 of `A-Z`, `0-9` and `_`; `CIDATA` for a NoCloud seed. Joliet shows the first 16. */
  readonly volumeId: string;
  /** Who made it: up to 128 capital letters, digits, spaces and punctuation; KEELWAY when absent. */
  readonly publisher?: string;
  /** Time of the volume and of everything in it, Unix seconds; the last that fits ends the year 2155. */
  readonly createdSeconds: number;
}

/** Sectors 0 to 15 are the system area; the descriptors follow. */
const firstDescriptor = 16;

/** Path tables number the parent of a directory in 16 bits. */
const maxDirectories = 0xffff;

/** Largest image that is built in memory. */
const maxImageBytes = 0xffff_ffff;

/** The Linux kernel drops the end of a Rock Ridge name longer than this. */
const maxNameBytes = 253;

/** xorriso refuses the whole image when a symbolic link is longer. */
const maxTargetBytes = 1023;

/**
 * Writes an ISO 9660 image with Rock Ridge and Joliet: real names, modes, owners and links for Linux, real names for
 * everyone else, and valid 8.3 names below. Not bootable.
 *
 * The same entries, in any order, give the same bytes. Nothing but the given values goes into the image.
 *
 * @returns The image; length a multiple of 2048.
 * @throws {@link KeelwayError} as {@link normalizeEntries}; `IMAGE_NAME_INVALID` for a name longer than 253 bytes or a
 * volume id the standard does not allow; `IMAGE_FORMAT_INVALID` for a link target longer than 1023 bytes, or a publisher
 * or time it cannot hold; `IMAGE_TOO_LARGE` for 65536 directories or an image that would not stay below 4 GiB.
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-119/
 */
export function writeIso9660(entries: readonly ImageEntry[], options: Iso9660Options): Uint8Array {
  checkOptions(options);
  const normalized = normalizeEntries(entries);
  for (const entry of normalized) checkEntry(entry);
  const directoryCount = 1 + normalized.filter(({ type }) => type === 'directory').length;
  if (directoryCount > maxDirectories) {
    throw tooLarge(`the image would have ${directoryCount} directories; ISO 9660 allows ${maxDirectories}`);
  }
  const stamp = recordTime(options.createdSeconds);
  const root = isoTree(normalized);
  const layout = layOut(root, stamp);

  const image = new Uint8Array(layout.volumeSectors * sectorBytes);
  const view = new DataView(image.buffer);
  for (const [index, hierarchy] of layout.hierarchies.entries()) {
    const { directories } = hierarchy;
    const { volumeId, publisher = 'KEELWAY', createdSeconds } = options;
    const volume = { ...hierarchy, volumeId, publisher, createdSeconds, volumeSectors: layout.volumeSectors };
    writeVolumeDescriptor(view, firstDescriptor + index, volume, stamp);
    writePathTable(view, hierarchy.pathTableL * sectorBytes, directories, true);
    writePathTable(view, hierarchy.pathTableM * sectorBytes, directories, false);
    const byNode = new Map(directories.map((directory) => [directory.node, directory]));
    for (const directory of directories) writeDirectory(view, directory, byNode, stamp);
  }
  writeTerminator(view, firstDescriptor + layout.hierarchies.length);
  for (const { entry, extent } of layout.files) image.set(entry.contents, extent * sectorBytes);
  return image;
}

interface Hierarchy {
  readonly kind: HierarchyKind;
  readonly directories: readonly PlannedDirectory[];
  readonly pathTableBytes: number;
  readonly pathTableL: number;
  readonly pathTableM: number;
}

interface Layout {
  readonly hierarchies: readonly Hierarchy[];
  /** Files with contents, by extent. */
  readonly files: readonly IsoNode[];
  readonly volumeSectors: number;
}

/** Gives everything its sectors, in this order: descriptors, path tables, directories of both hierarchies, contents. */
function layOut(root: IsoNode, stamp: Uint8Array): Layout {
  const kinds: readonly HierarchyKind[] = ['primary', 'joliet'];
  let sector = firstDescriptor + kinds.length + 1;
  const take = (sectors: number): number => {
    const first = sector;
    sector += sectors;
    return first;
  };

  const hierarchies = kinds.map((kind): Hierarchy => {
    const directories = planHierarchy(kind, root, stamp);
    const bytes = pathTableBytes(directories);
    const pathTableL = take(sectorCount(bytes));
    const pathTableM = take(sectorCount(bytes));
    return { kind, directories, pathTableBytes: bytes, pathTableL, pathTableM };
  });
  for (const { directories } of hierarchies) {
    for (const directory of directories) {
      directory.extent = take(directory.sizeBytes / sectorBytes + sectorCount(directory.area.length));
    }
  }
  const files: IsoNode[] = [];
  for (const { node } of hierarchies[0]?.directories ?? []) {
    for (const child of node.children) {
      if (child.entry.contents.length === 0) continue;
      child.extent = take(sectorCount(child.entry.contents.length));
      files.push(child);
    }
  }
  if (sector * sectorBytes > maxImageBytes) {
    throw tooLarge(`the image would have ${sector * sectorBytes} bytes; one image has fewer than 4 GiB`);
  }
  return { hierarchies, files, volumeSectors: sector };
}

function checkOptions({ volumeId, publisher = '', createdSeconds }: Iso9660Options): void {
  if (!/^[A-Z0-9_]{1,32}$/.test(volumeId)) {
    throw new KeelwayError({
      code: 'IMAGE_NAME_INVALID',
      message: `the volume id ${quotePath(volumeId)} is not one ISO 9660 allows`,
      hint: 'use 1 to 32 capital letters, digits and underscores, for instance CIDATA',
    });
  }
  if (!/^[A-Z0-9 _!"%&'()*+,\-./:;<=>?]{0,128}$/.test(publisher)) {
    throw new KeelwayError({
      code: 'IMAGE_FORMAT_INVALID',
      message: `the publisher ${quotePath(publisher)} is not one ISO 9660 allows`,
      hint: 'use up to 128 capital letters, digits, spaces and punctuation',
    });
  }
  if (!Number.isInteger(createdSeconds) || createdSeconds < 0 || createdSeconds > maxIsoSeconds) {
    throw new KeelwayError({
      code: 'IMAGE_FORMAT_INVALID',
      message: `${createdSeconds} is not a time ISO 9660 can hold`,
      hint: `give createdSeconds as whole Unix seconds, 0 to ${maxIsoSeconds}`,
    });
  }
}

function checkEntry({ name, path, target }: NormalizedEntry): void {
  if (exceedsBytes(name, maxNameBytes)) {
    throw new KeelwayError({
      code: 'IMAGE_NAME_INVALID',
      message: `the path ${quotePath(path)} has a name longer than ${maxNameBytes} bytes, which Linux cuts on ISO 9660`,
      hint: `use names of up to ${maxNameBytes} bytes`,
    });
  }
  if (exceedsBytes(target, maxTargetBytes)) {
    throw new KeelwayError({
      code: 'IMAGE_FORMAT_INVALID',
      message: `the link ${quotePath(path)} has a target longer than ${maxTargetBytes} bytes, too long for ISO 9660`,
      hint: `use targets of up to ${maxTargetBytes} bytes`,
    });
  }
}

function tooLarge(message: string): KeelwayError {
  return new KeelwayError({
    code: 'IMAGE_TOO_LARGE',
    message,
    hint: 'put less into the image, or fetch large files from the network',
  });
}
