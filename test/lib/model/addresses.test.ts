import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalMac, isDnsLabel, isDnsName, isUnicastMac } from '../../../lib/model/addresses.ts';

const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 });
const hex = (value: number): string => value.toString(16).padStart(2, '0');

describe('MAC addresses', () => {
  it('have one spelling, whatever they came in', () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), (values, upper) => {
        const digits = values.map(hex);
        const canonical = digits.join(':');
        const bare = digits.join('');
        const spellings = [
          canonical,
          digits.join('-'),
          bare,
          `${bare.slice(0, 4)}.${bare.slice(4, 8)}.${bare.slice(8)}`,
        ];
        for (const spelling of spellings) {
          expect(canonicalMac(upper ? spelling.toUpperCase() : spelling)).toBe(canonical);
        }
        expect(canonicalMac(canonical)).toBe(canonical);
      }),
    );
  });

  it.each(['', '52:54:00:0a:00', '52:54:00:0a:00:0b:0c', '52:54:00-0a:00:0b', '5:54:00:0a:00:0b', 'g2:54:00:0a:00:0b'])(
    '%s is none',
    (text) => expect(canonicalMac(text)).toBeNull(),
  );

  it('of network cards are neither groups nor zero', () => {
    expect(isUnicastMac('52:54:00:0a:00:0b')).toBe(true);
    expect(isUnicastMac('01:00:5e:00:00:01')).toBe(false);
    expect(isUnicastMac('ff:ff:ff:ff:ff:ff')).toBe(false);
    expect(isUnicastMac('00:00:00:00:00:00')).toBe(false);
  });
});

describe('DNS names', () => {
  it.each(['a', 'cp-1', '1a', `${'a'.repeat(63)}`])('%s is a label', (text) => expect(isDnsLabel(text)).toBe(true));
  it.each(['', '-a', 'a-', 'A', 'a_b', 'a.b', 'ä', `${'a'.repeat(64)}`])('%s is no label', (text) =>
    expect(isDnsLabel(text)).toBe(false),
  );
  it.each(['cluster.local', 'a.b-c.d1', 'localhost'])('%s is a name', (text) => expect(isDnsName(text)).toBe(true));
  it.each(['10.0.0.1', '1.2', 'a..b', '.a', 'a.', `${'a.'.repeat(127)}a`])('%s is no name', (text) =>
    expect(isDnsName(text)).toBe(false),
  );
});
