import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeEntries } from '../../../images/archive/normalize-entries.ts';
import { isoTree } from '../../../images/iso/iso-tree.ts';
import { primaryNames } from '../../../images/iso/primary-names.ts';
import { anyTree } from '../any-tree.ts';

function names(files: string[], directories: string[] = []): string[] {
  const entries = normalizeEntries([
    ...files.map((path) => ({ path, type: 'file', mode: 0o644 }) as const),
    ...directories.map((path) => ({ path, type: 'directory', mode: 0o755 }) as const),
  ]);
  return primaryNames(isoTree(entries).children);
}

describe('primaryNames', () => {
  it('folds names to 8.3', () => {
    expect(names(['user-data', 'meta-data', 'network-config', 'vendor-data'])).toEqual([
      'META_DAT.',
      'NETWORK_.',
      'USER_DAT.',
      'VENDOR_D.',
    ]);
    expect(names(['.bashrc', 'a.tar.gz', 'straße.conf', '日本'])).toEqual([
      '_BASHRC.',
      'A_TAR.GZ',
      'STRASSE.CON',
      '__.',
    ]);
  });

  it('numbers names that fold to the same', () => {
    expect(names(['long-name-1.conf', 'long-name-2.conf', 'long-name-3.conf'])).toEqual([
      'LONG_NAM.CON',
      'LONG_000.CON',
      'LONG_001.CON',
    ]);
  });

  it('keeps a directory and a file apart, and gives directories no extension', () => {
    expect(names(['A'], ['a', 'b.d'])).toEqual(['A.', 'A000.', 'B_D.']);
  });

  it('gives valid and unique names to any tree', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        const result = primaryNames(isoTree(normalizeEntries(entries)).children);
        for (const name of result) expect(name).toMatch(/^[A-Z0-9_]{1,8}\.[A-Z0-9_]{0,3}$/);
        expect(new Set(result).size).toBe(result.length);
      }),
    );
  });

  it('copes with ten thousand collisions', () => {
    const result = names(Array.from({ length: 10_000 }, (_, index) => `same-beginning-${index}`));
    expect(new Set(result).size).toBe(10_000);
    expect(result.every((name) => name.length <= 9)).toBe(true);
  });
});
