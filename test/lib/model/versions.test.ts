import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atLeast, compareVersions, minorOf, parseVersion } from '../../../lib/model/versions.ts';
import { python } from '../../support/python.ts';

const part = fc.integer({ min: 0, max: 999 });
const version = fc.tuple(part, part, part).map((parts) => parts.join('.'));

describe('versions', () => {
  it('compare as tuples of numbers do', () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 1000, seed: 3 });
    const expected = python<number>(
      '(lambda a, b: (a > b) - (a < b))(*[tuple(map(int, v.split("."))) for v in x])',
      pairs,
    );
    expect(pairs.map(([a, b]) => Math.sign(compareVersions(a, b)))).toEqual(expected);
  });

  it.each(['', '1', '1.36', 'v1.36.4', '1.36.4-rc.1', '1.36.04', '1.36.4 ', '1.36.1234567'])('%s is none', (text) => {
    expect(parseVersion(text)).toBeNull();
    expect(() => compareVersions(text, '1.0.0')).toThrow(RangeError);
  });

  it('know a floor and a minor', () => {
    expect(atLeast('1.36.4', '1.36.4')).toBe(true);
    expect(atLeast('1.9.0', '1.36.0')).toBe(false);
    expect(minorOf('1.36.4')).toBe('1.36');
  });
});
