import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageEntry } from '../../../images/archive/image-entry.ts';
import { type Iso9660Names, readIso9660 } from '../../../images/iso/read-iso9660.ts';
import { writeIso9660 } from '../../../images/iso/write-iso9660.ts';
import { anyTree } from '../any-tree.ts';
import { writeFolder } from '../folder.ts';
import { expectSafe, mutation } from '../fuzz.ts';
import { inFolder, runOracle } from '../oracle.ts';
import { summary } from '../summary.ts';
import { bytesOf, general, seed } from '../trees.ts';

const options = { volumeId: 'CIDATA', createdSeconds: 1_764_000_000 };
const invalid = expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' });

describe('readIso9660', () => {
  it('reads what writeIso9660 writes', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        const image = readIso9660(writeIso9660(entries, options));
        expect(image).toMatchObject({ volumeId: 'CIDATA', names: 'rock-ridge' });
        expect(summary(image.entries)).toEqual(summary(entries));
      }),
      { numRuns: 200, examples: [[[...general]], [[]]] },
    );
  });

  it('reads the other two hierarchies: as many entries, the same contents', () => {
    const contents = (entries: readonly ImageEntry[]) =>
      entries.map((entry) => Buffer.from(entry.contents ?? '').toString('hex')).sort();
    fc.assert(
      fc.property(anyTree(), fc.constantFrom<Iso9660Names>('joliet', 'iso9660'), (entries, names) => {
        const bytes = writeIso9660(entries, options);
        const image = readIso9660(bytes, { names });
        expect(image.names).toBe(names);
        expect(contents(image.entries)).toEqual(contents(readIso9660(bytes).entries));
      }),
      { numRuns: 100 },
    );
  });

  it('shows a seed by Joliet and by plain names', () => {
    const paths = (names: Iso9660Names) =>
      readIso9660(writeIso9660(seed, options), { names }).entries.map(({ path }) => path);
    expect(paths('joliet')).toEqual(['meta-data', 'network-config', 'user-data', 'vendor-data']);
    expect(paths('iso9660')).toEqual(['META_DAT', 'NETWORK_', 'USER_DAT', 'VENDOR_D']);
  });

  it('reads images of xorriso and libarchive, which moves deep directories', () => {
    // xorriso writes no link with a component of more than 255 bytes.
    const writable = general.filter(({ path }) => path !== 'links/long-part');
    const entries = writable.map((entry) => ({ ...entry, uid: 0, gid: 0 }));
    inFolder((folder) => {
      writeFolder(folder, entries, 1);
      const owner = ['-uid', '0', '-gid', '0'];
      const make = ['-as', 'mkisofs', '-quiet', '-R', '-J', ...owner, '-V', 'THEIRS', '-o', '-', folder];
      const theirs = readIso9660(runOracle('xorriso', make));
      expect(theirs).toMatchObject({ volumeId: 'THEIRS', names: 'rock-ridge' });
      expect(summary(theirs.entries)).toEqual(summary(entries));

      const format = ['-cf', '-', '--format=iso9660', '--options', 'rockridge=strict', '--uid', '0', '--gid', '0'];
      const other = readIso9660(runOracle('bsdtar', [...format, '.'], { cwd: folder }));
      expect(summary(other.entries.filter(({ path }) => path !== 'rr_moved'))).toEqual(summary(entries));

      const joliet = readIso9660(runOracle('bsdtar', [...format.with(4, '!rockridge'), 'many'], { cwd: folder }));
      expect(joliet.names).toBe('joliet');
      const expected = entries.filter(({ path }) => path.startsWith('many/'));
      expect(summary(joliet.entries, 'contents')).toEqual(summary(expected, 'contents'));
    });
  });

  it('copies no contents', () => {
    const bytes = writeIso9660(seed, options);
    for (const { contents } of readIso9660(bytes).entries) expect(contents?.buffer).toBe(bytes.buffer);
  });

  it('reads an image that lies within a larger buffer', () => {
    const image = writeIso9660(seed, options);
    const larger = new Uint8Array(image.length + 100);
    larger.set(image, 50);
    expect(summary(readIso9660(larger.subarray(50)).entries)).toEqual(summary(seed));
  });

  it('refuses what is no image, or not a whole one', () => {
    const image = writeIso9660(seed, options);
    for (const bytes of [new Uint8Array(0), new Uint8Array(100_000), bytesOf('no image'), image.subarray(2048)]) {
      expect(() => readIso9660(bytes)).toThrow(invalid);
    }
    for (let length = 0; length < image.length; length += 512) {
      expect(() => readIso9660(image.subarray(0, length))).toThrow(invalid);
    }
  });

  it('survives any change of bytes', () => {
    const few = general.filter(({ path }) => !path.startsWith('many/') || path.endsWith('7.conf'));
    const image = writeIso9660(few, options);
    const descriptors = 16 * 2048;
    // Directories and descriptors only: changed contents are of no interest.
    const metadata = 60 * 2048;
    const names = fc.constantFrom<Iso9660Names | undefined>(undefined, 'joliet', 'iso9660');
    fc.assert(
      fc.property(mutation(metadata - descriptors), names, (mutate, wanted) => {
        const damaged = image.slice();
        const changed = mutate(damaged.subarray(descriptors, metadata));
        damaged.set(changed, descriptors);
        const cut =
          changed.length < metadata - descriptors ? damaged.subarray(0, descriptors + changed.length) : damaged;
        expectSafe(() => readIso9660(cut, wanted === undefined ? {} : { names: wanted }).entries);
      }),
      { numRuns: 1500 },
    );
  });
});
