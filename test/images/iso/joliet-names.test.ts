import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeEntries } from '../../../images/archive/normalize-entries.ts';
import { isoTree } from '../../../images/iso/iso-tree.ts';
import { jolietNames } from '../../../images/iso/joliet-names.ts';
import { anyTree } from '../any-tree.ts';

function names(...files: string[]): string[] {
  const entries = normalizeEntries(files.map((path) => ({ path, type: 'file', mode: 0o644 }) as const));
  return jolietNames(isoTree(entries).children);
}

describe('jolietNames', () => {
  it('keeps names as they are where Windows allows them', () => {
    expect(names('network-config', 'Größe 日本 😀.txt')).toEqual(['Größe 日本 😀.txt', 'network-config']);
  });

  it('replaces what Windows refuses', () => {
    expect(names('a:b*c?d\\e;1\n')).toEqual(['a_b_c_d_e_1_']);
    expect(names('a:', 'a;', 'a_')).toEqual(['a_', 'a_000', 'a_001']);
  });

  it('cuts long names to 64 units and keeps the extension', () => {
    expect(names(`${'x'.repeat(100)}.conf`)).toEqual([`${'x'.repeat(59)}.conf`]);
    expect(names(`${'x'.repeat(100)}1.conf`, `${'x'.repeat(100)}2.conf`)[1]).toBe(`${'x'.repeat(56)}000.conf`);
  });

  it('does not cut through a surrogate pair', () => {
    expect(names(`x${'😀'.repeat(40)}`)).toEqual([`x${'😀'.repeat(31)}`]);
  });

  it('gives valid and unique names to any tree', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        const result = jolietNames(isoTree(normalizeEntries(entries)).children);
        for (const name of result) {
          expect(name.length).toBeLessThanOrEqual(64);
          expect(name.isWellFormed()).toBe(true);
          expect(name).not.toMatch(/[\u0000-\u001f*/:;?\\]/);
        }
        expect(new Set(result).size).toBe(result.length);
      }),
    );
  });
});
