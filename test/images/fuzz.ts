import fc from 'fast-check';
import { expect } from 'vitest';
import type { ImageEntry } from '../../images/archive/image-entry.ts';
import { normalizeEntries } from '../../images/archive/normalize-entries.ts';
import { KeelwayError } from '../../lib/errors.ts';

/** Random damage to the first bytes of an image: a few bytes changed, set to extremes, or copied from elsewhere; a cut. */
export function mutation(length: number): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const position = fc.nat(length - 1);
  const change = fc.oneof(
    fc.record({ at: position, value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)) }),
    fc.record({ at: position, from: position, count: fc.integer({ min: 1, max: 64 }) }),
  );
  const cut = fc.option(fc.nat(length), { freq: 8 });
  return fc.tuple(fc.array(change, { minLength: 1, maxLength: 6 }), cut).map(([changes, end]) => (bytes) => {
    const damaged = bytes.slice();
    for (const each of changes) {
      if ('value' in each) damaged[each.at] = each.value;
      else damaged.copyWithin(each.at, each.from, each.from + each.count);
    }
    return end === null ? damaged : damaged.subarray(0, end);
  });
}

/** A reader of damaged bytes either refuses them, in one way only, or returns entries that a writer would take. */
export function expectSafe(read: () => readonly ImageEntry[]): void {
  let entries: readonly ImageEntry[];
  try {
    entries = read();
  } catch (error) {
    expect(error).toBeInstanceOf(KeelwayError);
    expect(error).toHaveProperty('code', 'IMAGE_FORMAT_INVALID');
    return;
  }
  normalizeEntries(entries);
}
