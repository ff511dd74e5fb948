import { describe, expect, it } from 'vitest';
import type { Lab } from '../../../lib/lab/lab.ts';
import { type Milestone, milestonesOf } from '../../../lib/lab/milestones.ts';
import { waitUntilUp } from '../../../lib/lab/wait-until-up.ts';
import { exampleCluster } from '../../support/clusters.ts';

const cluster = exampleCluster('ha');

/** A lab whose machines answer with what the function says. */
function labOf(run: (machine: string, argv: readonly string[]) => string = () => ''): Lab {
  return {
    state: { name: 'fake', machines: [] },
    mark: () => {},
    isOn: () => true,
    run: async (machine: string, argv: readonly string[]) => {
      return { exitCode: 0, stdout: run(machine, argv), stderr: '', timedOut: false };
    },
  } as unknown as Lab;
}

/** Reached so long after the start. */
function reachedAfter(name: Milestone['name'], ms: number): Milestone {
  const startMs = performance.now();
  return { name, missing: async () => (performance.now() - startMs >= ms ? [] : [`${name} is late`]) };
}

async function timeline(milestones: readonly Milestone[], timeoutMs = 10_000): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  await waitUntilUp(labOf(), cluster, {
    timeoutMs,
    startedMs: performance.now(),
    now: () => performance.now(),
    reached: (name, milliseconds) => {
      found[name] = milliseconds;
    },
    watch: { milestones, lastLines: async () => '', hint: 'look' },
  });
  return found;
}

describe('waitUntilUp', () => {
  it('notes each milestone when it is reached, whatever comes later', async () => {
    const found = await timeline([
      reachedAfter('seeds verified', 1500),
      reachedAfter('etcd quorum', 0),
      reachedAfter('API ready', 500),
    ]);
    expect(found['etcd quorum']).toBeLessThan(500);
    expect(found['API ready']).toBeLessThan(1500);
    expect(found['seeds verified']).toBeGreaterThanOrEqual(1500);
  });

  it('looks last at what says that nothing is left to do', async () => {
    const found = await timeline([
      { ...reachedAfter('machines settled', 0), isLast: true },
      reachedAfter('nodes Ready', 900),
    ]);
    expect(found['machines settled']).toBeGreaterThanOrEqual(found['nodes Ready'] ?? Number.NaN);
  });

  it('says what is missing when time is up', async () => {
    const late = timeline([reachedAfter('seeds verified', 0), reachedAfter('etcd quorum', 60_000)], 100);
    await expect(late).rejects.toThrow(/^etcd quorum not reached within 0.1 s: etcd quorum is late/);
  });

  it('stops at once when a milestone cannot be reached any more', async () => {
    const broken: Milestone = {
      name: 'VIP',
      missing: async () => {
        throw new Error('no hope');
      },
    };
    await expect(timeline([reachedAfter('seeds verified', 60_000), broken])).rejects.toThrow('no hope');
  });
});

describe('nodes Ready', () => {
  const SINCE = Date.parse('2026-01-01T00:00:00Z');
  const names = cluster.machines.filter(({ runsKubelet }) => runsKubelet).map(({ name }) => name);

  async function missing(renewed: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const nodes = names.map((name) => {
      const labels = { 'node-role.kubernetes.io/control-plane': '' };
      return { kind: 'Node', metadata: { name, labels }, spec: {}, status: { conditions: [READY] } };
    });
    const leases = Object.entries(renewed).map(([name, renewTime]) => {
      return { kind: 'Lease', metadata: { name }, spec: { renewTime } };
    });
    const lab = labOf((_, [program]) => (program === 'curl' ? 'ok' : JSON.stringify({ items: [...nodes, ...leases] })));
    const milestone = milestonesOf(cluster).find(({ name }) => name === 'nodes Ready');
    return (await milestone?.missing(lab, SINCE)) ?? ['no such milestone'];
  }
  const READY = { type: 'Ready', status: 'True' };

  it('takes no word of a node that is older than the start', async () => {
    const fresh = Object.fromEntries(names.map((name) => [name, '2026-01-01T00:00:01.500000Z']));
    expect(await missing(fresh)).toEqual([]);
    expect(await missing({ ...fresh, 'worker-1': '2025-12-31T23:59:59.900000Z' })).toEqual([
      'the kubelet of worker-1 has not been heard yet',
    ]);
    const { 'worker-1': _, ...others } = fresh;
    expect(await missing(others)).toEqual(['the kubelet of worker-1 has not been heard yet']);
  });
});
