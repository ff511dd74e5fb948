import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageEntry } from '../../../images/archive/image-entry.ts';
import { readIso9660 } from '../../../images/iso/read-iso9660.ts';
import { writeIso9660 } from '../../../images/iso/write-iso9660.ts';
import { anyTree } from '../any-tree.ts';
import { readFolder } from '../folder.ts';
import { inFolder, runOracle } from '../oracle.ts';
import { summary, summaryByBsdtar } from '../summary.ts';
import { bytesOf, general, seed } from '../trees.ts';

const options = { volumeId: 'CIDATA', createdSeconds: 1_764_000_000 };
const plainModes = fc.constantFrom(0o755, 0o700, 0o711, 0o4755);

/** Writes an image into a folder of its own, and gives its path and the folder. */
function withImage<T>(entries: readonly ImageEntry[], use: (image: string, folder: string) => T): T {
  return inFolder((folder) => {
    writeFileSync(`${folder}/image.iso`, writeIso9660(entries, options));
    return use(`${folder}/image.iso`, folder);
  });
}

/** libisofs joins repeated slashes of a link and drops the last; to the system the link is the same. */
function asLibisofs(entries: readonly ImageEntry[]): ImageEntry[] {
  return entries.map((entry) => {
    if (entry.target === undefined) return entry;
    return { ...entry, target: entry.target.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, '') };
  });
}

describe('writeIso9660', () => {
  it('makes a seed that cloud-init finds by its label', () => {
    const tags = withImage(seed, (image) =>
      new TextDecoder().decode(runOracle('blkid', ['-p', '-o', 'export', image])),
    );
    expect(tags).toContain('\nLABEL=CIDATA\n');
    expect(tags).toContain('\nTYPE=iso9660\n');
    expect(tags).toContain('\nUUID=2025-11-24-16-00-00-00\n');
  });

  it('makes a small seed', () => {
    expect(writeIso9660(seed, options)).toHaveLength(35 * 2048);
  });

  it('is extracted by xorriso byte for byte', () => {
    const check = (entries: readonly ImageEntry[]): void => {
      const extracted = withImage(entries, (image, folder) => {
        const args = ['-osirrox', 'on', '-indev', image, '-extract', '/', `${folder}/out`, '-rollback_end'];
        runOracle('xorriso', ['-abort_on', 'WARNING', '-report_about', 'WARNING', ...args]);
        return readFolder(`${folder}/out`);
      });
      expect(summary(asLibisofs(extracted), 'no-owner')).toEqual(summary(asLibisofs(entries), 'no-owner'));
    };
    check(general.map((entry) => ({ ...entry, uid: 0, gid: 0 })));
    const ownedByRoot = anyTree(plainModes).map((tree) => tree.map((entry) => ({ ...entry, uid: 0, gid: 0 })));
    fc.assert(fc.property(ownedByRoot, check), { numRuns: 15 });
  });

  it('shows xorriso modes, owners and links', () => {
    const listing = withImage(general, (image) =>
      new TextDecoder().decode(
        runOracle('xorriso', ['-report_about', 'WARNING', '-indev', image, '-find', '/', '-exec', 'lsdl']),
      ),
    );
    const lines = listing.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    expect(lines).toContain("drwx------ 1 1000 50 0 Nov 24 2025 '/empty'");
    expect(lines).toContain("-rw------- 1 0 0 18 Nov 24 2025 '/meta-data'");
    expect(lines).toContain(`-rwsr-xr-x 1 0 0 9 Nov 24 2025 '/${'n'.repeat(253)}'`);
    expect(lines).toContain("lrwxrwxrwx 1 0 0 0 Nov 24 2025 '/links/absolute' -> '/usr/bin/../lib/./x'");
  });

  it('shows libarchive everything by Rock Ridge', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        expect(summaryByBsdtar(writeIso9660(entries, options))).toEqual(summary(entries));
      }),
      { numRuns: 40, examples: [[[...general]]] },
    );
  });

  it('shows libarchive names and contents by Joliet', () => {
    const entries = general.filter(({ path, type }) => path.length < 60 && type !== 'symlink');
    const extracted = withImage(entries, (image, folder) => {
      runOracle('bsdtar', ['-xf', image, '--options', 'iso9660:!rockridge', '--exclude', 'image.iso', '-C', folder]);
      return readFolder(folder).filter(({ path }) => path !== 'image.iso');
    });
    expect(summary(extracted, 'contents')).toEqual(summary(entries, 'contents'));
  });

  it('does not depend on the order of the entries', () => {
    expect(writeIso9660([...general].reverse(), options)).toEqual(writeIso9660(general, options));
  });

  it('depends on nothing but its arguments', () => {
    const first = writeIso9660(seed, { ...options, publisher: 'EXAMPLE, INC.' });
    expect(new TextDecoder().decode(first.subarray(16 * 2048 + 318, 16 * 2048 + 331))).toBe('EXAMPLE, INC.');
    const later = writeIso9660(seed, { ...options, createdSeconds: options.createdSeconds + 1 });
    expect(later).not.toEqual(first);
    expect(readIso9660(later).entries).toEqual(readIso9660(first).entries);
  });

  it('spans sectors without a record across them', () => {
    const names = Array.from({ length: 2000 }, (_, index) => `entry ${index} ${'x'.repeat(index % 200)}`);
    const entries = names.map((path): ImageEntry => ({ path, type: 'file', mode: 0o644, contents: bytesOf(path) }));
    const image = writeIso9660(entries, options);
    expect(summary(readIso9660(image).entries)).toEqual(summary(entries));
    expect(summaryByBsdtar(image)).toEqual(summary(entries));
  });

  it.each(['', 'cidata', 'CI-DATA', 'X'.repeat(33)])('refuses the volume id %j', (volumeId) => {
    expect(() => writeIso9660(seed, { ...options, volumeId })).toThrow(
      expect.objectContaining({ code: 'IMAGE_NAME_INVALID' }),
    );
  });

  it.each([
    { createdSeconds: -1 },
    { createdSeconds: 0.5 },
    { createdSeconds: 5_869_584_000 },
    { publisher: 'lower case' },
    { publisher: 'X'.repeat(129) },
  ])('refuses %j', (wrong) => {
    expect(() => writeIso9660(seed, { ...options, ...wrong })).toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }),
    );
  });

  it('refuses names that Linux would cut, and links that xorriso would choke on', () => {
    const write = (entry: Partial<ImageEntry>) => () =>
      writeIso9660([{ path: 'a', type: 'file', mode: 0o644, ...entry }], options);
    expect(write({ path: 'n'.repeat(254) })).toThrow(expect.objectContaining({ code: 'IMAGE_NAME_INVALID' }));
    const long = { type: 'symlink', target: 'x'.repeat(1024) } as const;
    expect(write(long)).toThrow(expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }));
  });

  it('refuses 65536 directories and images of 4 GiB', () => {
    const directories = Array.from({ length: 65_535 }, (_, index) => {
      return { path: `d${index}`, type: 'directory', mode: 0o755 } as const;
    });
    const tooLarge = expect.objectContaining({ code: 'IMAGE_TOO_LARGE' });
    expect(() => writeIso9660(directories, options)).toThrow(tooLarge);
    const contents = new Uint8Array(2 ** 28);
    const files = Array.from(
      { length: 16 },
      (_, index) => ({ path: `f${index}`, type: 'file', mode: 0o644, contents }) as const,
    );
    expect(() => writeIso9660(files, options)).toThrow(tooLarge);
  });
});
