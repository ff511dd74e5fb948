import { sectorBytes, setBoth16, setBoth32 } from './both-endian.ts';
import { descriptorTime } from './iso-time.ts';
import { type HierarchyKind, type PlannedDirectory, utf16BigEndian } from './plan-hierarchy.ts';
import { writeRootRecord } from './write-directory.ts';

/** What a volume descriptor says about its hierarchy. */
export interface VolumeDescriptor {
  readonly kind: HierarchyKind;
  readonly volumeId: string;
  readonly publisher: string;
  readonly createdSeconds: number;
  readonly volumeSectors: number;
  readonly pathTableBytes: number;
  /** First sector of the little-endian path table. */
  readonly pathTableL: number;
  /** First sector of the big-endian path table. */
  readonly pathTableM: number;
  /** In path table order: the root first. */
  readonly directories: readonly PlannedDirectory[];
}

/** Joliet level 3, the one every writer declares: `%/E`. */
const jolietEscape = [0x25, 0x2f, 0x45];

/**
 * Writes a primary (ECMA-119 8.4) or Joliet supplementary (8.5) volume descriptor into its sector.
 *
 * @param view - The whole image.
 * @param stamp - Seven-byte time of the root's record.
 */
export function writeVolumeDescriptor(
  view: DataView,
  sector: number,
  volume: VolumeDescriptor,
  stamp: Uint8Array,
): void {
  const start = sector * sectorBytes;
  const image = new Uint8Array(view.buffer);
  const put = (offset: number, bytes: ArrayLike<number>): void => image.set(bytes, start + offset);
  const text = (offset: number, length: number, value: string): void => put(offset, pad(volume.kind, value, length));

  put(0, [volume.kind === 'primary' ? 1 : 2, ...standardId]);
  text(8, 32, 'LINUX');
  text(40, 32, volume.volumeId);
  setBoth32(view, start + 80, volume.volumeSectors);
  if (volume.kind === 'joliet') put(88, jolietEscape);
  setBoth16(view, start + 120, 1); // volumes in the set
  setBoth16(view, start + 124, 1); // number of this one
  setBoth16(view, start + 128, sectorBytes);
  setBoth32(view, start + 132, volume.pathTableBytes);
  view.setUint32(start + 140, volume.pathTableL, true);
  view.setUint32(start + 148, volume.pathTableM, false);
  const [root] = volume.directories;
  if (root !== undefined) writeRootRecord(view, start + 156, root, stamp);
  text(190, 128, ''); // volume set
  text(318, 128, volume.publisher);
  text(446, 128, ''); // data preparer
  text(574, 128, 'KEELWAY');
  text(702, 37, ''); // copyright, abstract and bibliographic file
  text(739, 37, '');
  text(776, 37, '');
  put(813, descriptorTime(volume.createdSeconds)); // created
  put(830, descriptorTime(volume.createdSeconds)); // modified
  put(847, descriptorTime(undefined)); // expires
  put(864, descriptorTime(undefined)); // effective
  put(881, [1]); // file structure version
}

/** Writes the descriptor that ends the set (ECMA-119 8.3). */
export function writeTerminator(view: DataView, sector: number): void {
  new Uint8Array(view.buffer).set([255, ...standardId], sector * sectorBytes);
}

/** "CD001", version 1. */
const standardId = [0x43, 0x44, 0x30, 0x30, 0x31, 1];

/** Fills a text field up with spaces, in the hierarchy's encoding; a text too long for it is cut. */
function pad(kind: HierarchyKind, value: string, length: number): Uint8Array {
  if (kind === 'primary') return new TextEncoder().encode(value.padEnd(length).slice(0, length));
  const units = Math.floor(length / 2);
  const bytes = new Uint8Array(length);
  bytes.set(utf16BigEndian(value.padEnd(units).slice(0, units)));
  return bytes;
}
