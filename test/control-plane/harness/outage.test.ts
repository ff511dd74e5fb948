import { describe, expect, it } from 'vitest';
import { outageOf, type Try } from './outage.ts';

/** Ten tries a second: a dot for one that was served. */
function tries(picture: string): readonly Try[] {
  return [...picture.replaceAll(' ', '')].map((each, index) => ({
    beganMs: 1000 + index * 100,
    lateMs: index,
    server: each === '.' ? 'cp-1' : null,
    answer: each,
  }));
}

describe('what a client went through', () => {
  it('is nothing when every try was served', () => {
    expect(outageOf(tries('..........'), 1000, 0)).toEqual({
      lastMs: 0,
      sumMs: 0,
      strayShare: 0,
      starvedMs: 9,
      failures: [],
    });
  });

  it('lasts until the last hole is over, a later one too', () => {
    expect(outageOf(tries('..xxxx.... .......... .xxxxx....'), 1000, 0)).toMatchObject({ lastMs: 2600, sumMs: 900 });
  });

  it('is one hole when some tries are served in between', () => {
    expect(outageOf(tries('.x..x...x. ....'), 1000, 0)).toMatchObject({ lastMs: 900, sumMs: 800 });
  });

  it('is a hiccup when hardly any try failed', () => {
    expect(outageOf(tries('..xx...... ..........'), 1000, 0)).toMatchObject({
      lastMs: 0,
      sumMs: 0,
      strayShare: 0.1,
      failures: ['200 x', '300 x'],
    });
  });

  it('is what little failed, too, at a time when failures are expected', () => {
    expect(outageOf(tries('..xx...... .....x....'), 1000, 1000)).toMatchObject({
      lastMs: 400,
      sumMs: 200,
      strayShare: 0.05,
    });
  });

  it('is not over when the last tries failed', () => {
    expect(outageOf(tries('.....xxxxx'), 1000, 0)).toMatchObject({ lastMs: 900 });
  });
});
