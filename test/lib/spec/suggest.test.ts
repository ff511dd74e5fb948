import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../lib/spec/suggest.ts';

describe('nearest', () => {
  it.each([
    ['gatway', 'gateway'],
    ['Gateway', 'gateway'],
    ['pod-cidr', 'podCIDR'],
    ['podCdir', 'podCIDR'],
  ])('%s means %s', (text, meant) => expect(nearest(text, ['nodeSubnet', 'podCIDR', 'gateway'])).toBe(meant));

  it('does not guess wildly', () => {
    expect(nearest('colour', ['nodeSubnet', 'podCIDR', 'gateway'])).toBeNull();
    expect(nearest('', ['a'])).toBeNull();
    expect(nearest('x'.repeat(100_000), ['x'])).toBeNull();
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ])('%s to %s is %d', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  it('is symmetric and no larger than the longer text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
