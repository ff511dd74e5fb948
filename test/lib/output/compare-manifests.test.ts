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

describe('compareManifests', () => {
  it('calls every machine new when there was no output', () => {
    const [change] = compareManifests(null, manifestOf(named('a')));
    expect(change).toMatchObject({ machine: 'a', kind: 'new', changed: [], removed: [] });
    expect(change?.added).toContain('/etc/keelway/plain.conf');
  });

  it('finds nothing between equal outputs', () => {
    const [change] = compareManifests(manifestOf(named('a')), manifestOf(named('a')));
    expect(change).toEqual({ machine: 'a', kind: 'unchanged', added: [], changed: [], removed: [] });
  });

  it.each<[string, Partial<MachinePlan>, object]>([
    ['contents', { files: [{ ...first, contents: 'x' }, second, ...others] }, { changed: [first.path] }],
    ['a mode', { files: [{ ...first, mode: 0o600 }, second, ...others] }, { changed: [first.path] }],
    ['an owner', { files: [{ ...first, owner: 'store' }, second, ...others] }, { changed: [first.path] }],
    ['a file less', { files: [second, ...others] }, { removed: [first.path] }],
    ['a file more', { files: [{ ...first, path: '/etc/new' }, first, second, ...others] }, { added: ['/etc/new'] }],
    ['no more units', { units: [] }, { removed: expect.arrayContaining(['/etc/systemd/system/store.service']) }],
  ])('reports %s', (_, changes, expected) => {
    const [change] = compareManifests(manifestOf(named('a')), manifestOf(named('a', changes)));
    expect(change).toMatchObject({ kind: 'changed', ...expected });
  });

  it('names machines that are gone after those that are there', () => {
    const changes = compareManifests(manifestOf(named('a'), named('b')), manifestOf(named('b'), named('c')));
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

  it.each(['', '{', 'null', '[]', '{"kind":"Manifest"}', '{"kind":"Manifest","machines":[{}],"outputs":[]}'])(
    'takes %j for no manifest',
    (text) => {
      expect(parseManifest(text)).toBeNull();
    },
  );
});
