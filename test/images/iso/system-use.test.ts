import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSystemUse, writeSystemUse } from '../../../images/iso/system-use.ts';

const field = (length: number) => new Uint8Array(length).fill(length);

describe('planSystemUse', () => {
  it('keeps in the record what fits', () => {
    const area = { length: 0 };
    const { inlineBytes, pieces } = planSystemUse([field(100), field(50)], 150, area);
    expect([inlineBytes, pieces.length, area.length]).toEqual([150, 1, 0]);
  });

  it('leaves room for the pointer to the rest', () => {
    const area = { length: 0 };
    const { inlineBytes, pieces } = planSystemUse([field(100), field(51)], 150, area);
    expect(pieces.map(({ fields }) => fields.length)).toEqual([1, 1]);
    expect([inlineBytes, area.length]).toEqual([128, 51]);
  });

  it('keeps every piece within a sector, in order, and finds it again', () => {
    const anyFields = fc.array(fc.integer({ min: 5, max: 255 }).map(field), { maxLength: 40 });
    fc.assert(
      fc.property(anyFields, fc.integer({ min: 28, max: 221 }), fc.nat(4000), (fields, room, used) => {
        const area = { length: used };
        const systemUse = planSystemUse(fields, room, area);
        expect(systemUse.pieces.flatMap((piece) => piece.fields)).toEqual(fields);
        expect(systemUse.inlineBytes).toBeLessThanOrEqual(room);
        for (const { offset, length } of systemUse.pieces.slice(1)) {
          expect((offset % 2048) + length).toBeLessThanOrEqual(2048);
          expect(offset).toBeGreaterThanOrEqual(used);
        }
        const view = new DataView(new ArrayBuffer(2048 + Math.ceil(area.length / 2048) * 2048));
        writeSystemUse(view, 0, systemUse, 1);
        expect(follow(view)).toBe(fields.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });
});

/** Walks the chain of CE fields from the start, as a reader does; returns the bytes of the other fields. */
function follow(view: DataView): number {
  let total = 0;
  let [position, end] = [0, 255];
  while (position + 4 <= end && view.getUint8(position) !== 0) {
    if (view.getUint16(position) === 0x4345 && view.getUint8(position + 2) === 28) {
      const start = view.getUint32(position + 4, true) * 2048 + view.getUint32(position + 12, true);
      [position, end] = [start, start + view.getUint32(position + 20, true)];
      continue;
    }
    const length = view.getUint8(position);
    total += length;
    position += length;
  }
  return total;
}
