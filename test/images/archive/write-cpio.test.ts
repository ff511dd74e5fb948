import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeEntries } from '../../../images/archive/normalize-entries.ts';
import { writeCpio } from '../../../images/archive/write-cpio.ts';
import { anyTree } from '../any-tree.ts';
import { readFolder, writeFolder } from '../folder.ts';
import { inFolder, runOracle } from '../oracle.ts';
import { summary, summaryByBsdtar } from '../summary.ts';
import { bytesOf, general, seed } from '../trees.ts';

const options = { createdSeconds: 1_764_000_000 };
const plainModes = fc.constantFrom(0o755, 0o700, 0o711, 0o4755);

/** Owners that every machine lets a test write to disk. */
const ownedByRoot = general.map((entry) => ({ ...entry, uid: 0, gid: 0 }));

describe('writeCpio', () => {
  it('gives the bytes of GNU cpio over the same tree', () => {
    const gnu = inFolder((folder) => {
      writeFolder(folder, ownedByRoot, options.createdSeconds);
      const input = normalizeEntries(ownedByRoot)
        .map(({ path }) => `${path}\0`)
        .join('');
      const args = ['-o', '-0', '-H', 'newc', '--reproducible', '-R', '0:0', '--quiet'];
      return runOracle('cpio', args, { cwd: folder, input });
    });
    expect(Buffer.compare(writeCpio(ownedByRoot, options), gnu)).toBe(0);
  });

  it('is unpacked by GNU cpio', () => {
    fc.assert(
      fc.property(anyTree(plainModes), (tree) => {
        const entries = tree.map((entry) => ({ ...entry, uid: 0, gid: 0 }));
        const unpacked = inFolder((folder) => {
          // No -d: parents must be there because they come first, as the kernel wants it.
          runOracle('cpio', ['-im', '--quiet', '--no-preserve-owner'], {
            cwd: folder,
            input: writeCpio(entries, options),
          });
          return readFolder(folder);
        });
        expect(summary(unpacked, 'no-owner')).toEqual(summary(entries, 'no-owner'));
      }),
      { numRuns: 20, examples: [[[...ownedByRoot]]] },
    );
  });

  it('gives one member to cpio --to-stdout', () => {
    const stdout = runOracle('cpio', ['-i', '--to-stdout', '--quiet', 'meta-data'], {
      input: writeCpio(seed, options),
    });
    expect(new TextDecoder().decode(stdout)).toBe('instance-id: cp-1\n');
  });

  it('shows libarchive every mode and owner', () => {
    fc.assert(
      fc.property(anyTree(), (entries) => {
        expect(summaryByBsdtar(writeCpio(entries, options))).toEqual(summary(entries));
      }),
      { numRuns: 30, examples: [[[...general]]] },
    );
  });

  it('does not depend on the order of the entries', () => {
    expect(writeCpio([...general].reverse(), options)).toEqual(writeCpio(general, options));
  });

  it('keeps the whole time, and nothing of the machine', () => {
    const archive = writeCpio([{ path: 'a', type: 'file', mode: 0o644 }], { createdSeconds: 0xffff_ffff });
    const zero = '00000000';
    const header = `070701${zero}000081A4${zero}${zero}00000001FFFFFFFF${zero.repeat(5)}00000002${zero}a\0`;
    expect(new TextDecoder().decode(archive.subarray(0, 112))).toBe(header);
    expect(archive).toHaveLength(512);
  });

  it('can be appended to: whole blocks, also when empty', () => {
    expect(writeCpio([], options)).toHaveLength(512);
    fc.assert(fc.property(anyTree(), (entries) => writeCpio(entries, options).length % 512 === 0));
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN])('refuses the time %d', (createdSeconds) => {
    expect(() => writeCpio(seed, { createdSeconds })).toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }),
    );
  });

  it('refuses the name that ends an archive, but only at the root', () => {
    const write = (path: string) => () => writeCpio([{ path, type: 'file', mode: 0o644 }], options);
    expect(write('TRAILER!!!')).toThrow(expect.objectContaining({ code: 'IMAGE_NAME_INVALID' }));
    expect(write('a/TRAILER!!!')).not.toThrow();
  });

  it('refuses an archive of 4 GiB before it makes one', () => {
    const contents = new Uint8Array(2 ** 28);
    const entries = Array.from(
      { length: 16 },
      (_, index) => ({ path: `f${index}`, type: 'file', mode: 0o644, contents }) as const,
    );
    expect(() => writeCpio(entries, options)).toThrow(expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }));
  });

  it('escapes nothing: contents are copied as they are', () => {
    const contents = bytesOf('070701TRAILER!!!\0');
    const stdout = runOracle('cpio', ['-i', '--to-stdout', '--quiet', 'x'], {
      input: writeCpio([{ path: 'x', type: 'file', mode: 0o644, contents }], options),
    });
    expect(Uint8Array.from(stdout)).toEqual(contents);
  });
});
