import { isIP, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipBytes } from '../../../lib/pki/ip-bytes.ts';

function canonical(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] as number) << 8) | (bytes[2 * index + 1] as number)).toString(16),
  );
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

describe('ipBytes', () => {
  it.each([
    ['10.0.0.1', [10, 0, 0, 1]],
    ['::1', [...new Array(15).fill(0), 1]],
    ['::', new Array(16).fill(0)],
    ['2001:db8::7', [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 7]],
    ['::ffff:10.0.0.1', [...new Array(10).fill(0), 255, 255, 10, 0, 0, 1]],
  ])('reads %s', (text, bytes) => {
    expect([...(ipBytes(text) ?? [])]).toEqual(bytes);
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '1.2.3.4.5',
    'api.example.com',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3',
    '[::1]',
  ])('refuses %j', (text) => {
    expect(ipBytes(text)).toBeNull();
  });

  it('agrees with Node on every address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const bytes = ipBytes(text);
        const family = isIP(text) === 4 ? 'ipv4' : 'ipv6';
        expect(bytes).not.toBeNull();
        expect(canonical(bytes as Uint8Array)).toBe(new SocketAddress({ address: text, family }).address);
      }),
    );
  });

  it('takes for an address only what Node takes for one', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789abcf:.'), maxLength: 24 });
    fc.assert(
      fc.property(text, (candidate) => {
        expect(ipBytes(candidate) !== null).toBe(isIP(candidate) !== 0);
      }),
      { numRuns: 2000 },
    );
  });
});
