import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descriptorTime, maxIsoSeconds, recordTime } from '../../../images/iso/iso-time.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('recordTime and descriptorTime', () => {
  it('agree with Date for every time they can hold', () => {
    const anyTime = fc.integer({ min: 0, max: maxIsoSeconds });
    const examples: [number][] = [[0], [maxIsoSeconds], [951_782_400], [4_107_542_399], [4_107_542_400]];
    fc.assert(
      fc.property(anyTime, (seconds) => {
        const date = new Date(seconds * 1000);
        const parts = [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()];
        expect([...recordTime(seconds)]).toEqual([date.getUTCFullYear() - 1900, ...parts, date.getUTCSeconds(), 0]);
        expect(text(descriptorTime(seconds))).toBe(`${date.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}00\0`);
      }),
      { numRuns: 2000, examples },
    );
  });

  it('write a time that is not specified as zeros', () => {
    expect(text(descriptorTime(undefined))).toBe('0000000000000000\0');
  });
});
