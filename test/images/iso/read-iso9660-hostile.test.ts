import { describe, expect, it } from 'vitest';
import type { ImageEntry } from '../../../images/archive/image-entry.ts';
import { readIso9660 } from '../../../images/iso/read-iso9660.ts';
import { writeIso9660 } from '../../../images/iso/write-iso9660.ts';
import { bytesOf } from '../trees.ts';

const options = { volumeId: 'HOSTILE', createdSeconds: 0 };
const tree: readonly ImageEntry[] = [
  { path: 'dir/file', type: 'file', mode: 0o644, contents: bytesOf('contents') },
  { path: 'dir/link', type: 'symlink', mode: 0o777, target: 'file' },
  { path: 'top', type: 'file', mode: 0o644, contents: bytesOf('top') },
];

/** An image made to be damaged, with the means to find the place. */
class Victim {
  readonly bytes = writeIso9660(tree, options);
  readonly view = new DataView(this.bytes.buffer);

  /** Offset of the n-th place where the bytes occur. */
  find(text: string, nth = 0): number {
    let offset = -1;
    for (let count = 0; count <= nth; count += 1) {
      offset = Buffer.from(this.bytes.buffer).indexOf(text, offset + 1, 'latin1');
      expect(offset, `${text} occurs`).toBeGreaterThan(0);
    }
    return offset;
  }

  /** Offset of the primary directory record with the identifier. */
  record(identifier: string): number {
    for (let nth = 0; ; nth += 1) {
      const offset = this.find(identifier, nth) - 33;
      // Path tables hold the name of a directory, too, without what makes a record.
      if (this.bytes[offset + 32] === identifier.length && this.view.getUint16(offset + 28, true) === 1) return offset;
    }
  }

  setBoth(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
    this.view.setUint32(offset + 4, value, false);
  }

  getLittle(offset: number): number {
    return this.view.getUint32(offset, true);
  }
}

const rootExtent = 16 * 2048 + 156 + 2;

const attacks: Record<string, (victim: Victim) => void> = {
  'a directory that is its own parent': (v) => v.setBoth(v.record('DIR') + 2, v.getLittle(rootExtent)),
  'a directory that contains itself': (v) => {
    const extent = v.getLittle(v.record('DIR') + 2);
    const file = v.record('FILE.;1');
    v.setBoth(file + 2, extent);
    v.setBoth(file + 10, 2048);
    v.bytes[file + 25] = 2;
    v.view.setUint32(v.find('PX', 0) + 4, 0o040755, true);
    v.view.setUint32(Buffer.from(v.bytes.buffer).indexOf('PX', file) + 4, 0o040755, true);
  },
  'an extent past the end': (v) => v.setBoth(v.record('TOP.;1') + 2, 0xffff_ffff),
  'a size past the end': (v) => v.setBoth(v.record('TOP.;1') + 10, 0xffff_ffff),
  'a directory over the whole image': (v) => v.setBoth(v.record('DIR') + 10, v.bytes.length),
  'byte orders that disagree': (v) => v.view.setUint32(v.record('TOP.;1') + 2, 1, true),
  'a record that is too short': (v) => v.bytes.set([33], v.record('TOP.;1')),
  'an identifier longer than its record': (v) => v.bytes.set([0xff], v.record('TOP.;1') + 32),
  'an interleaved file': (v) => v.bytes.set([1], v.record('TOP.;1') + 26),
  'a file whose last extent is missing': (v) => v.bytes.set([0x80], v.record('TOP.;1') + 25),
  'a name with a slash': (v) => v.bytes.set(bytesOf('a/b'), v.find('NM\x08\x01\0top') + 5),
  'a name with NUL': (v) => v.bytes.set(bytesOf('a\0b'), v.find('NM\x08\x01\0top') + 5),
  'a name that is not UTF-8': (v) => v.bytes.set([0xff], v.find('NM\x08\x01\0top') + 5),
  'a name that is there twice': (v) => v.bytes.set(bytesOf('dir'), v.find('NM\x08\x01\0top') + 5),
  'a field of no length': (v) => v.bytes.set([0], v.find('NM\x08\x01\0top') + 2),
  'a field that leaves its record': (v) => v.bytes.set([0xff], v.find('NM\x08\x01\0top') + 2),
  'attributes that are too short': (v) =>
    v.bytes.set([8], Buffer.from(v.bytes.buffer).indexOf('PX', v.record('TOP.;1')) + 2),
  'a device node': (v) =>
    v.view.setUint32(Buffer.from(v.bytes.buffer).indexOf('PX', v.record('TOP.;1')) + 4, 0o020644, true),
  'a link component that leaves its field': (v) => v.bytes.set([0xff], v.find('SL') + 6),
  'a link component of no known kind': (v) => v.bytes.set([0x40], v.find('SL') + 5),
  'an endless chain of continuations': (v) => {
    // The chain leads from the root's record to itself.
    const pointer = v.find('CE\x1c\x01');
    v.setBoth(pointer + 4, Math.floor(pointer / 2048));
    v.setBoth(pointer + 12, pointer % 2048);
    v.setBoth(pointer + 20, 28);
    v.bytes.copyWithin(v.record('TOP.;1') + 40, pointer, pointer + 28);
  },
  'a continuation across sectors': (v) => {
    const pointer = v.find('CE\x1c\x01');
    v.setBoth(pointer + 12, 2000);
    v.bytes.copyWithin(v.record('TOP.;1') + 40, pointer, pointer + 28);
  },
  'no end of descriptors': (v) => v.bytes.set([0], 18 * 2048),
  'no primary descriptor': (v) => v.bytes.set([0], 16 * 2048),
  'blocks of another size': (v) => v.view.setUint16(16 * 2048 + 128, 512, true),
  'a volume longer than the image': (v) => v.setBoth(16 * 2048 + 80, 1_000_000),
  'a root that is a file': (v) => v.bytes.set([0], 16 * 2048 + 156 + 25),
  'a root past the end': (v) => v.setBoth(rootExtent, 0x7fff_ffff),
};

describe('readIso9660 with hostile images', () => {
  it('reads the victim while it is unharmed', () => {
    expect(readIso9660(new Victim().bytes).entries).toHaveLength(4);
  });

  it.each(Object.entries(attacks))('refuses %s', (_, attack) => {
    const victim = new Victim();
    attack(victim);
    expect(() => readIso9660(victim.bytes)).toThrow(expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }));
  });

  it('refuses a record that leaves its sector', () => {
    // Names of 110 bytes make eight records fill the first sector of the root but for two bytes.
    const entries = Array.from({ length: 9 }, (_, index): ImageEntry => {
      return { path: `${'x'.repeat(109)}${index}`, type: 'file', mode: 0o644 };
    });
    const bytes = writeIso9660(entries, options);
    let last = new DataView(bytes.buffer).getUint32(rootExtent, true) * 2048;
    const end = last + 2048;
    for (let next = last; next < end - 2; next += bytes[next]!) last = next;
    bytes[last]! += 4;
    expect(() => readIso9660(bytes)).toThrow('a directory record is cut off');
  });

  it('refuses names it was asked for that are not there', () => {
    const victim = new Victim();
    victim.bytes.set([0], 17 * 2048); // the Joliet descriptor becomes one of another kind
    expect(() => readIso9660(victim.bytes, { names: 'joliet' })).toThrow('has no joliet names');
  });

  it('does not read one continuation area over and over', () => {
    const entries = Array.from({ length: 2000 }, (_, index): ImageEntry => {
      return { path: `${'x'.repeat(200)}${index}`, type: 'file', mode: 0o644 };
    });
    const bytes = writeIso9660(entries, options);
    const view = new DataView(bytes.buffer);
    const buffer = Buffer.from(bytes.buffer);
    const first = buffer.indexOf('CE\x1c\x01');
    const extent = view.getUint32(first + 4, true);
    for (let at = buffer.indexOf('CE\x1c\x01', first + 1); at > 0; at = buffer.indexOf('CE\x1c\x01', at + 1)) {
      for (const [field, value] of [extent, 0, 2048].entries()) {
        view.setUint32(at + 4 + field * 8, value, true);
        view.setUint32(at + 8 + field * 8, value, false);
      }
    }
    expect(() => readIso9660(bytes)).toThrow(expect.objectContaining({ code: 'IMAGE_FORMAT_INVALID' }));
  });

  it('does not build endless paths', () => {
    // One deep folder with many entries: each path is four thousand characters long.
    const deep = `${'d'.repeat(200)}/`.repeat(20);
    const entries = Array.from({ length: 18_000 }, (_, index): ImageEntry => {
      return { path: `${deep}${index}`, type: 'file', mode: 0o644 };
    });
    const bytes = writeIso9660(entries, options);
    const start = process.cpuUsage();
    expect(() => readIso9660(bytes)).toThrow('too long in sum');
    expect(process.cpuUsage(start).user).toBeLessThan(3_000_000);
  });
});
