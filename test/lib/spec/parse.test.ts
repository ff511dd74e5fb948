import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseClusterSpec } from '../../../lib/spec/parse.ts';
import { exampleNames, exampleText } from '../../support/clusters.ts';
import { findingsOf, summaryOf } from '../../support/findings.ts';

/** Values that people and generators put in wrong places. */
const oddValue = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1.5,
    '',
    ' ',
    'x',
    '10.0.0.1',
    '10.0.0.0/8',
    [],
    {},
    [null],
    { a: 1 },
    '\u0000',
    '-',
    '~',
    '//',
    'ä',
  ),
  fc.string(),
  fc.integer(),
  fc.array(fc.string()),
  fc.dictionary(fc.string(), fc.string()),
);

type Path = readonly (string | number)[];

/** Every place of a value, outside and inside. */
function placesIn(value: unknown, path: Path = []): readonly Path[] {
  if (value === null || typeof value !== 'object') return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...keys.flatMap((key) => placesIn((value as Record<string | number, unknown>)[key], [...path, key]))];
}

/** A copy with the value at a path replaced; undefined removes it. */
function replaced(value: unknown, [key, ...rest]: Path, next: unknown): unknown {
  if (key === undefined) return next;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  const inner = replaced(copy[key], rest, next);
  if (inner === undefined && !Array.isArray(copy)) delete copy[key];
  else copy[key] = inner;
  return copy;
}

describe('parseClusterSpec', () => {
  const examples = exampleNames.map((name) => parse(exampleText(name)) as unknown);
  const mutated = fc.constantFrom(...examples).chain((example) =>
    fc
      .array(fc.tuple(fc.constantFrom(...placesIn(example).slice(1)), fc.oneof(oddValue, fc.constant(undefined))), {
        minLength: 1,
        maxLength: 3,
      })
      .map((edits) => {
        let value: unknown = example;
        for (const [path, next] of edits) {
          try {
            value = replaced(value, path, next);
          } catch {
            // An earlier edit took the place away.
          }
        }
        return stringify(value ?? null);
      }),
  );

  it('never throws, and every finding has a place, whatever stands where', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(mutated, (text) => {
        for (const { position, code, path } of findingsOf(text)) {
          if (code === 'SPEC_ENCODING') continue;
          expect(position?.line).toBeGreaterThan(0);
          expect(position?.line).toBeLessThanOrEqual(text.split('\n').length);
          expect(path).toBeDefined();
        }
      }),
      { numRuns: 400 },
    );
  });

  it('never throws for cut or scrambled text', { timeout: 120_000 }, () => {
    const text = exampleText('mixed');
    const cut = fc.tuple(fc.nat(text.length), fc.nat(30), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(cut, ([start, length, insert]) => {
        const scrambled = text.slice(0, start) + insert + text.slice(start + length);
        expect(Array.isArray(findingsOf(scrambled))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('reports mistakes of shape and of content together', () => {
    const text = exampleText('ha-3etcd')
      .replace('profile: bgp-mesh', 'profile: bgpmesh')
      .replace('address: 10.0.0.12', 'address: 10.0.0.11')
      .replace('gateway: 10.0.0.1', 'gateway: 10.0.1.1');
    expect(findingsOf(text).map(({ code }) => code)).toEqual([
      'NETWORK_GATEWAY',
      'SPEC_VALUE_UNKNOWN',
      'MACHINE_ADDRESS_DUPLICATE',
    ]);
  });

  it('does not draw conclusions from what it could not read', () => {
    // Without the two broken machines there would be one etcd member and a name that is free.
    const text = exampleText('ha-3etcd')
      .replace('serial: ETCD2', 'serail: ETCD2')
      .replace('serial: ETCD3', 'serail: ETCD3');
    expect(new Set(findingsOf(text).map(({ code }) => code))).toEqual(
      new Set(['SPEC_FIELD_UNKNOWN', 'SPEC_DISK_INVALID']),
    );
  });

  it('names the file that it is told', () => {
    expect(parseClusterSpec('x: 1', { file: 'a/b.yaml' }).issues[0]?.position?.file).toBe('a/b.yaml');
    expect(parseClusterSpec('x: 1').issues[0]?.position?.file).toBe('cluster.yaml');
  });

  it.each([
    ['podCidr', 'spec.network', 'podCIDR'],
    ['pod_cidr', 'spec.network', 'podCIDR'],
    ['clusterCIDR', 'spec.network', 'podCIDR'],
    ['nameserver', 'spec.network', 'nameservers'],
    ['ntp', 'spec.network', 'timeServers'],
    ['dns', 'spec.network', 'nameservers'],
    ['endpoint', 'spec.network', 'spec.controlPlane.endpoint'],
    ['kubernetes', 'spec.network', 'spec.versions.kubernetes'],
  ])('asks whether %s in %s means %s', (key, place, meant) => {
    const text = exampleText('ha').replace('    gateway: 10.0.0.1\n', `    gateway: 10.0.0.1\n    ${key}: x\n`);
    const issue = findingsOf(text).find(({ code }) => code === 'SPEC_FIELD_UNKNOWN');
    expect(issue?.message).toBe(`${key} is not a field of ${place}`);
    expect(issue?.hint).toBe(`did you mean ${meant}?`);
  });

  it.each([
    ['role: worker', 'role: master', 'did you mean control-plane?'],
    ['role: worker', 'role: node', 'did you mean worker?'],
    ['role: worker', 'role: Worker', 'did you mean worker?'],
    ['role: worker', 'role: controlplane', 'did you mean control-plane?'],
    ['os: debian', 'os: fcos', 'did you mean fedora-coreos?'],
    ['profile: bgp-mesh', 'profile: layer2', 'did you mean arp?'],
  ])('%s: %s gets the hint %s', (from, to, hint) => {
    const issue = findingsOf(exampleText('ha').replace(from, to)).find(({ code }) => code === 'SPEC_VALUE_UNKNOWN');
    expect(issue?.hint).toContain(hint);
  });

  it('says the right spelling of what is nearly right', () => {
    const hints: Readonly<Record<string, string>> = {
      '52:54:00:0A:00:0B': 'write 52:54:00:0a:00:0b',
      '5254.000a.000b': 'write 52:54:00:0a:00:0b',
    };
    for (const [mac, hint] of Object.entries(hints)) {
      const issues = findingsOf(exampleText('ha').replace('52:54:00:0a:00:0b', mac));
      expect(issues.map((issue) => issue.hint)).toContain(hint);
    }
  });

  it('keeps places right behind characters of two units and tabs', () => {
    const text = 'apiVersion: "😀\t"\nkind:\tClusters\n';
    expect(findingsOf(text).slice(0, 2).map(summaryOf)).toEqual([
      expect.stringMatching(/^SPEC_FIELD_MISSING/),
      expect.stringMatching(/^SPEC_FIELD_MISSING/),
    ]);
    expect(findingsOf(text).map(summaryOf)).toContain('SPEC_VALUE_UNKNOWN kind 2:7');
  });
});
