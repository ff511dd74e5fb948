import { describe, expect, it } from 'vitest';
import { compareManifests } from '../../../lib/output/compare-manifests.ts';
import { createHash } from '../../../lib/output/hash.ts';
import { describeOutput, type Manifest, parseManifest } from '../../../lib/output/manifest.ts';
import type { MachinePlan } from '../../../lib/plan/machine-plan.ts';
import { samplePlan } from '../render/sample-plan.ts';

function manifestOf(...plans: MachinePlan[]): Manifest {
  return describeOutput('sample', plans, [], createHash());
}

function named(name: string, changes: Partial<MachinePlan> = {}): MachinePlan {
  const plan = samplePlan('debian', changes);
  return { ...plan, machine: { ...plan.machine, name } };
}

const [first, second] = samplePlan().files;
if (first === undefined || second === undefined) throw new Error('the sample has too few files');
const others = samplePlan().files.slice(2);
const download = {
  name: 'etcd',
  version: '3.6.16',
  url: 'https://example.com/etcd',
  sha256: '0'.repeat(64),
  kind: 'binary',
  path: '/var/lib/keelway/assets/etcd',
  install: [],
} as const;

describe('compareManifests', () => {
  it('calls every machine new when there was no output', () => {
    const [change] = compareManifests(null, manifestOf(named('a')), []);
    expect(change).toMatchObject({ machine: 'a', kind: 'new', changed: [], removed: [] });
    expect(change?.added).toContain('/etc/keelway/plain.conf');
  });

  it('finds nothing between equal outputs', () => {
    const [change] = compareManifests(manifestOf(named('a')), manifestOf(named('a')), [
      'plan.json',
      'machines/b/user-data',
    ]);
    expect(change).toEqual({
      machine: 'a',
      kind: 'unchanged',
      added: [],
      changed: [],
      removed: [],
      settings: [],
      outputs: [],
    });
  });

  it.each<[string, Partial<MachinePlan>, object]>([
    ['contents', { files: [{ ...first, contents: 'x' }, second, ...others] }, { changed: [first.path] }],
    ['a mode', { files: [{ ...first, mode: 0o600 }, second, ...others] }, { changed: [first.path] }],
    ['an owner', { files: [{ ...first, owner: 'store' }, second, ...others] }, { changed: [first.path] }],
    ['a file less', { files: [second, ...others] }, { removed: [first.path] }],
    ['a file more', { files: [{ ...first, path: '/etc/new' }, first, second, ...others] }, { added: ['/etc/new'] }],
    ['no more units', { units: [] }, { removed: expect.arrayContaining(['/etc/systemd/system/store.service']) }],
  ])('reports %s', (_, changes, expected) => {
    const [change] = compareManifests(manifestOf(named('a')), manifestOf(named('a', changes)), []);
    expect(change).toMatchObject({ kind: 'changed', ...expected });
  });

  it.each<[string, Partial<MachinePlan>]>([
    ['accounts', { users: [] }],
    ['folders', { directories: [] }],
    ['links', { links: [{ path: '/etc/here', target: '/etc/there' }] }],
    ['enabled units', { units: samplePlan().units.map((unit) => ({ ...unit, enabled: !unit.enabled })) }],
    ['downloads', { downloads: [download] }],
    ['packages', { packages: ['bird2'] }],
  ])('reports what is no file: %s', (kind, changes) => {
    const [before, after] = [manifestOf(named('a')), manifestOf(named('a', changes))];
    const [change] = compareManifests(before, after, ['machines/a/user-data']);
    expect(change).toMatchObject({ kind: 'changed', settings: [kind], outputs: ['user-data'] });
  });

  it('knows nothing of settings from an old manifest, but of outputs', () => {
    const old = manifestOf(named('a'));
    const machines = old.machines.map(({ name, files }) => ({ name, files }));
    const changed = manifestOf(named('a', { users: [] }));
    const [change] = compareManifests({ ...old, machines }, changed, ['machines/a/user-data']);
    expect(change).toMatchObject({ kind: 'changed', settings: [], outputs: ['user-data'] });
  });

  it('names machines that are gone after those that are there', () => {
    const changes = compareManifests(manifestOf(named('a'), named('b')), manifestOf(named('b'), named('c')), []);
    expect(changes.map(({ machine, kind }) => [machine, kind])).toEqual([
      ['b', 'unchanged'],
      ['c', 'new'],
      ['a', 'removed'],
    ]);
  });
});

describe('parseManifest', () => {
  it('reads its own text back', () => {
    const manifest = manifestOf(named('a'));
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  });

  const withMachines = (machines: string) => `{"kind":"Manifest","cluster":"ha","outputs":[],"machines":${machines}}`;

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"kind":"Manifest"}',
    '{"kind":"Manifest","machines":[],"outputs":[]}',
    '{"kind":"Manifest","cluster":"ha","machines":[],"outputs":[null]}',
    '{"kind":"Manifest","cluster":"ha","machines":[],"outputs":[{"path":1}]}',
    withMachines('{}'),
    withMachines('[{}]'),
    withMachines('[null]'),
    withMachines('[{"name":"cp-1","files":[null]}]'),
    withMachines('[{"name":"cp-1","files":[{"path":"/etc/hosts"}]}]'),
    withMachines('[{"name":"cp-1","files":[],"settings":null}]'),
  ])('takes %j for no manifest', (text) => {
    expect(parseManifest(text)).toBeNull();
  });
});
