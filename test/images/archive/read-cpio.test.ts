import { linkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeEntries } from '../../../images/archive/normalize-entries.ts';
import { readCpio } from '../../../images/archive/read-cpio.ts';
import { writeCpio } from '../../../images/archive/write-cpio.ts';
import { anyTree } from '../any-tree.ts';
import { writeFolder } from '../folder.ts';
import { expectSafe, mutation } from '../fuzz.ts';
import { inFolder, runOracle } from '../oracle.ts';
import { summary } from '../summary.ts';
import { bytesOf, general, seed } from '../trees.ts';

const options = { createdSeconds: 1_764_000_000 };

/** Joins byte arrays. */
function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** One member, to make archives that the writer would not. */
function member(path: string, mode: number, data = '', fields: Record<number, number> = {}): Uint8Array {
  const name = bytesOf(`${path}\0`);
  const values = [0, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  for (const [index, value] of Object.entries(fields)) values[Number(index)] = value;
  const header = `070701${values.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
  const pad = (bytes: Uint8Array) => join(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
  return join(pad(join(bytesOf(header), name)), pad(bytesOf(data)));
}

const trailer = member('TRAILER!!!', 0);
const read =
  (...members: Uint8Array[]) =>
  () =>
    readCpio(join(...members, trailer));

describe('readCpio', () => {
  it('reads what writeCpio writes, in its order', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        const result = readCpio(writeCpio(entries, options));
        expect(result.map(({ path }) => path)).toEqual(normalizeEntries(entries).map(({ path }) => path));
        expect(summary(result)).toEqual(summary(entries));
      }),
      { numRuns: 200, examples: [[[...general]], [[]]] },
    );
  });

  it('reads archives of GNU cpio and libarchive', () => {
    inFolder((folder) => {
      const entries = general.map((entry) => ({ ...entry, uid: 0, gid: 0 }));
      writeFolder(folder, entries, 1);
      const gnu = runOracle('cpio', ['-o', '-0', '-H', 'newc', '-R', '0:0', '--quiet'], {
        cwd: folder,
        input: ['.', ...normalizeEntries(entries).map(({ path }) => `./${path}`)].join('\0'),
      });
      expect(summary(readCpio(gnu))).toEqual(summary(entries));
      const owner = ['--uid', '0', '--gid', '0'];
      const other = runOracle('bsdtar', ['-cf', '-', '--format=newc', ...owner, '.'], { cwd: folder });
      expect(summary(readCpio(other))).toEqual(summary(entries));
    });
  });

  it('gives every hard link the data they share', () => {
    inFolder((folder) => {
      writeFolder(folder, [{ path: 'a', type: 'file', mode: 0o644, contents: bytesOf('shared') }], 1);
      linkSync(`${folder}/a`, `${folder}/b`);
      linkSync(`${folder}/a`, `${folder}/c`);
      const archive = runOracle('cpio', ['-o', '-H', 'newc', '--quiet'], { cwd: folder, input: 'a\nb\nc\n' });
      expect(readCpio(archive).map(({ contents }) => contents)).toEqual(Array(3).fill(bytesOf('shared')));
    });
    const links = { 0: 5, 4: 2 };
    const result = read(member('first', 0o100644, 'data', links), member('second', 0o100644, '', links))();
    expect(result.map(({ contents }) => contents)).toEqual(Array(2).fill(bytesOf('data')));
  });

  it('reads joined archives: the later wins, zeros between do not matter', () => {
    const first = writeCpio([{ path: 'etc/a', type: 'file', mode: 0o600, contents: bytesOf('1') }, ...seed], options);
    const second = writeCpio([{ path: 'etc/a', type: 'symlink', mode: 0o777, target: 'b' }], options);
    const entries = readCpio(join(first, new Uint8Array(1236), second, new Uint8Array(3)));
    expect(entries).toHaveLength(6);
    expect(entries.find(({ path }) => path === 'etc/a')).toEqual({
      path: 'etc/a',
      type: 'symlink',
      mode: 0o777,
      uid: 0,
      gid: 0,
      target: 'b',
    });
  });

  it('leaves the root out and drops a leading ./', () => {
    const entries = read(member('.', 0o40755), member('././a', 0o40755), member('./a/b', 0o100600, 'x'))();
    expect(entries.map(({ path }) => path)).toEqual(['a', 'a/b']);
  });

  it.each<[string, () => unknown]>([
    ['nothing', () => readCpio(new Uint8Array(0))],
    ['only zeros', () => readCpio(new Uint8Array(512))],
    ['text', () => readCpio(bytesOf('hello, this is no archive'.repeat(10)))],
    ['gzip after an archive', () => readCpio(join(trailer, Uint8Array.of(0x1f, 0x8b, 8, 0)))],
    ['an archive that is not aligned', () => readCpio(join(trailer, new Uint8Array(1), trailer))],
    ['no trailer', () => readCpio(member('a', 0o100644))],
    ['a file that is cut off', () => readCpio(member('a', 0o100644, 'abcdefgh').subarray(0, 116))],
    ['data past the end', read(member('a', 0o100644, '', { 6: 0xffff_ffff }))],
    ['an empty name', read(member('', 0o100644))],
    ['a name past the end', read(member('a', 0o100644, '', { 11: 0xffff_ffff }))],
    ['a name without its NUL', read(member('ab', 0o100644, '', { 11: 2 }))],
    ['a name that is not UTF-8', read(member('a', 0o100644).map((byte) => (byte === 0x61 ? 0xff : byte)))],
    ['a name that climbs out', read(member('../a', 0o100644))],
    ['a name from the root', read(member('/etc/passwd', 0o100644))],
    ['a device node', read(member('dev', 0o40755), member('dev/console', 0o20600))],
    ['a directory with data', read(member('a', 0o40755, 'data'))],
    ['a link to nothing', read(member('a', 0o120777))],
    ['a link with NUL', read(member('a', 0o120777, 'a\0b'))],
    ['a file outside of any directory', read(member('a/b', 0o100644))],
    ['a file in a file', read(member('a', 0o100644), member('a/b', 0o100644))],
    ['a file in the place of a directory', read(member('a', 0o40755), member('a', 0o100644))],
    ['an owner of nobody', read(member('a', 0o100644, '', { 2: 0xffff_ffff }))],
    ['mode bits that do not exist', read(member('a', 0o1100644))],
    ['a field that is no number', () => readCpio(join(bytesOf(`070701${'g'.repeat(104)}`), trailer))],
  ])('refuses %s', (_, act) => {
    expect(act).toThrow(expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }));
  });

  it('refuses an archive cut anywhere before its trailer ends', () => {
    const archive = writeCpio(seed, options);
    const end = Buffer.from(archive).indexOf('TRAILER!!!') + 11;
    for (let length = 0; length < end; length += 7) {
      expect(() => readCpio(archive.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }),
      );
    }
    expect(readCpio(archive.subarray(0, end))).toHaveLength(4);
  });

  it('survives any change of bytes', () => {
    const archive = writeCpio(general.slice(0, 20), options);
    const headers = archive.length;
    fc.assert(
      fc.property(mutation(headers), (mutate) => expectSafe(() => readCpio(mutate(archive)))),
      { numRuns: 1500 },
    );
  });

  it('takes linear time for many hard links', () => {
    const links = { 0: 5, 4: 2 };
    const members = Array.from({ length: 20_000 }, (_, index) =>
      member(`f${index}`, 0o100644, index % 2 ? 'x' : '', links),
    );
    const start = process.cpuUsage();
    expect(readCpio(join(...members, trailer))).toHaveLength(20_000);
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});
