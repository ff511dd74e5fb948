import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../lib/render/sha256.ts';

const expected = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

describe('sha256Hex', () => {
  it('agrees with OpenSSL at every length around the block size', () => {
    for (let length = 0; length <= 200; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 7 + length) & 0xff);
      expect(sha256Hex(bytes)).toBe(expected(bytes));
    }
  });

  it('agrees with OpenSSL on any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => sha256Hex(text) === expected(text)));
  });

  it('agrees with OpenSSL on a large input', () => {
    const bytes = new Uint8Array(3_000_001).fill(0x5a);
    expect(sha256Hex(bytes)).toBe(expected(bytes));
  });
});
