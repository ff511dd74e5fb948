import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageEntry } from '../../../images/archive/image-entry.ts';
import { normalizeEntries } from '../../../images/archive/normalize-entries.ts';
import { anyTree } from '../any-tree.ts';
import { bytesOf } from '../trees.ts';

const file = (path: string, rest: Partial<ImageEntry> = {}): ImageEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  ...rest,
});

describe('normalizeEntries', () => {
  it('adds parents, sorts siblings and fills in what is left out', () => {
    const contents = bytesOf('x');
    const entries = normalizeEntries([
      file('b/c/d', { contents, uid: 7 }),
      file('b.conf'),
      { path: 'b', type: 'directory', mode: 0o700 },
      { path: 'a', type: 'symlink', mode: 0o777, target: 'b' },
    ]);
    expect(entries.map(({ path, type, mode, uid, gid }) => [path, type, mode, uid, gid])).toEqual([
      ['a', 'symlink', 0o777, 0, 0],
      ['b', 'directory', 0o700, 0, 0],
      ['b/c', 'directory', 0o755, 0, 0],
      ['b/c/d', 'file', 0o644, 7, 0],
      ['b.conf', 'file', 0o644, 0, 0],
    ]);
    expect(entries[3]?.contents).toBe(contents);
  });

  it('gives the same result for every order, with parents first', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        const normalized = normalizeEntries(entries);
        expect(normalizeEntries([...entries].reverse())).toEqual(normalized);
        const seen = new Set(['']);
        for (const { path, parentPath } of normalized) {
          expect(seen.has(parentPath)).toBe(true);
          seen.add(path);
        }
      }),
    );
  });

  it('takes two thousand levels', () => {
    expect(normalizeEntries([file(`${'d/'.repeat(2000)}x`)])).toHaveLength(2001);
  });

  it.each([
    ['', 'it is empty'],
    ['/etc/hosts', 'it is absolute'],
    ['etc/', 'it has an empty component'],
    ['etc//hosts', 'it has an empty component'],
    ['.', 'it has the component .'],
    ['a/../b', 'it has the component ..'],
    ['a\0b', 'it contains a NUL character'],
    ['a\ud800', 'it contains half of a surrogate pair'],
    ['x'.repeat(256), 'it has a component longer than 255 bytes'],
    ['ü'.repeat(128), 'it has a component longer than 255 bytes'],
    [`${'abc/'.repeat(1024)}abc`, 'it is longer than 4095 bytes'],
    ['x'.repeat(70_000), 'it is longer than 4095 bytes'],
  ])('refuses the path %j', (path, problem) => {
    const normalize = () => normalizeEntries([file(path)]);
    expect(normalize).toThrow(expect.objectContaining({ code: 'IMAGE_NAME_INVALID' }));
    expect(normalize).toThrow(problem);
  });

  it('takes the longest names and paths', () => {
    expect(normalizeEntries([file('x'.repeat(255)), file(`${'abc/'.repeat(1023)}abc`)])).toHaveLength(1025);
  });

  it.each<[string, ImageEntry[]]>([
    ['a path listed twice', [file('a'), file('a')]],
    ['a file where a directory is needed', [file('a'), file('a/b/c')]],
    ['a link where a directory is needed', [{ path: 'a', type: 'symlink', mode: 0o777, target: 'b' }, file('a/b')]],
  ])('refuses %s', (_, entries) => {
    expect(() => normalizeEntries(entries)).toThrow(expect.objectContaining({ code: 'IMAGE_NAME_DUPLICATE' }));
    expect(() => normalizeEntries(entries)).toThrow('"a"');
  });

  it.each<[string, ImageEntry]>([
    ['file-type bits in the mode', file('a', { mode: 0o100644 })],
    ['a negative mode', file('a', { mode: -1 })],
    ['a broken mode', file('a', { mode: 1.5 })],
    ['an owner of nobody', file('a', { uid: 0xffff_ffff })],
    ['a negative group', file('a', { gid: -1 })],
    ['a directory with contents', { path: 'a', type: 'directory', mode: 0o755, contents: bytesOf('') }],
    ['a link with contents', { path: 'a', type: 'symlink', mode: 0o777, target: 'b', contents: bytesOf('') }],
    ['a file with a target', file('a', { target: 'b' })],
    ['a link without a target', { path: 'a', type: 'symlink', mode: 0o777 }],
    ['a link with NUL', { path: 'a', type: 'symlink', mode: 0o777, target: 'b\0' }],
    ['a link that is too long', { path: 'a', type: 'symlink', mode: 0o777, target: 'b'.repeat(4096) }],
  ])('refuses %s', (_, entry) => {
    expect(() => normalizeEntries([entry])).toThrow(expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }));
  });

  it('refuses a file of 4 GiB', () => {
    const contents = Object.defineProperty(new Uint8Array(0), 'length', { value: 2 ** 32 });
    expect(() => normalizeEntries([file('a', { contents })])).toThrow(
      expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }),
    );
  });
});
