import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cidrOf,
  contains,
  formatIpv4,
  networkEnd,
  nthAddress,
  overlaps,
  parseCidr,
  parseInterfaceAddress,
  parseIpv4,
  requireCidr,
} from '../../../lib/model/network.ts';
import { python } from '../../support/python.ts';

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const prefix = fc.integer({ min: 0, max: 32 });
const octetish = fc.oneof(
  fc.integer({ min: -1, max: 300 }).map(String),
  fc.constantFrom('00', '01', '010', '', ' 1', '1e1', '0x1', '+1', '١'),
);
const addressish = fc.oneof(
  address.map(formatIpv4),
  fc.array(octetish, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')),
  fc.string({ maxLength: 20 }),
);
const samples = <Value>(arbitrary: fc.Arbitrary<Value>, count: number): readonly Value[] =>
  fc.sample(arbitrary, { numRuns: count, seed: 7 });

describe('IPv4 addresses', () => {
  it('are the ones that Python reads, and have the same number', () => {
    const texts = [
      ...samples(addressish, 3000),
      '0.0.0.0',
      '255.255.255.255',
      '256.0.0.0',
      '1.2.3',
      '1.2.3.4\n',
      '01.2.3.4',
    ];
    const expected = python<number>('int(ipaddress.IPv4Address(x))', texts);
    expect(texts.map(parseIpv4)).toEqual(expected);
  });

  it('are written as they are read', () => {
    fc.assert(
      fc.property(address, (value) => {
        expect(parseIpv4(formatIpv4(value))).toBe(value);
      }),
    );
  });
});

describe('networks', () => {
  it('are the ones that Python reads strictly, written canonically', () => {
    const texts = samples(
      fc.oneof(
        fc.tuple(address, prefix).map(([value, length]) => `${formatIpv4(value)}/${length}`),
        fc.tuple(address, prefix).map(([value, length]) => cidrOf(value, length).text),
        fc.tuple(addressish, fc.string({ maxLength: 4 })).map((parts) => parts.join('/')),
      ),
      3000,
    );
    // Python also takes netmasks and a missing prefix; Keelway has one spelling.
    const expected = python<string>(
      'str(ipaddress.IPv4Network(x)) if str(ipaddress.IPv4Network(x)) == x else None',
      texts,
    );
    expect(texts.map((text) => parseCidr(text)?.text ?? null)).toEqual(expected);
  });

  it('hold what Python says', () => {
    const pairs = samples(fc.tuple(address, prefix, address), 2000).map(([value, length, other]) => ({
      text: `${formatIpv4(value)}/${length}`,
      // Half of the addresses lie near the network, or most would be outside.
      other: formatIpv4(other % 2 === 0 ? other : (value ^ (other & 0xffff)) >>> 0),
    }));
    const networks = pairs.map(({ text }) => parseInterfaceAddress(text)!);
    const facts = python<[string, string, string, boolean]>(
      '(lambda n: [str(n), str(n[0]), str(n[-1]), ipaddress.ip_address(x["other"]) in n])(ipaddress.ip_network(x["text"], strict=False))',
      pairs,
    );
    const ours = networks.map((network, index) => [
      network.text,
      formatIpv4(network.first),
      formatIpv4(network.last),
      contains(network, pairs[index]!.other),
    ]);
    expect(ours).toEqual(facts);
  });

  it('overlap as Python says', () => {
    const pairs = samples(fc.tuple(address, prefix, fc.integer({ min: 0, max: 0xffffff }), prefix), 2000).map(
      ([value, length, flip, other]) => [cidrOf(value, length).text, cidrOf((value ^ flip) >>> 0, other).text] as const,
    );
    const expected = python<boolean>('ipaddress.ip_network(x[0]).overlaps(ipaddress.ip_network(x[1]))', pairs);
    expect(pairs.map(([a, b]) => overlaps(requireCidr(a), requireCidr(b)))).toEqual(expected);
  });

  it('count their addresses from 0', () => {
    expect(nthAddress(requireCidr('10.96.0.0/12'), 1)).toBe('10.96.0.1');
    expect(nthAddress(requireCidr('10.96.0.0/12'), 10)).toBe('10.96.0.10');
    expect(nthAddress(requireCidr('10.0.0.0/30'), 3)).toBe('10.0.0.3');
    expect(() => nthAddress(requireCidr('10.0.0.0/30'), 4)).toThrow(RangeError);
  });

  it('have no network or broadcast address when they have one or two addresses', () => {
    expect(networkEnd(requireCidr('10.0.0.0/24'), '10.0.0.0')).toBe('network');
    expect(networkEnd(requireCidr('10.0.0.0/24'), '10.0.0.255')).toBe('broadcast');
    expect(networkEnd(requireCidr('10.0.0.0/24'), '10.0.0.1')).toBeNull();
    expect(networkEnd(requireCidr('10.0.0.0/31'), '10.0.0.0')).toBeNull();
    expect(networkEnd(requireCidr('10.0.0.0/32'), '10.0.0.0')).toBeNull();
  });

  it('must be canonical where a caller relies on it', () => {
    expect(() => requireCidr('10.0.0.1/24')).toThrow('10.0.0.1/24');
  });
});
