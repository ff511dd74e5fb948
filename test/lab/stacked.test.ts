/** Control plane and etcd on the same three machines, whole: any one of them may fail. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edited } from '../support/edited.ts';
import { ask, eventually, listed, readyNodes } from './judges/ask.ts';
import { judgeJournals } from './judges/journals.ts';
import { startTestLab, type TestLab } from './test-lab.ts';

let up: TestLab;

beforeAll(async () => {
  // The lab's programs are those of the reference cluster.
  const versions = ['kubernetes: 1.37.1, etcd: 3.7.2', 'kubernetes: 1.36.4, etcd: 3.6.16'] as const;
  const edit = (text: string) => edited(text, versions);
  up = await startTestLab('stacked', { edit });
}, 600_000);

afterAll(async () => {
  await up?.stop();
});

describe('a stacked cluster', () => {
  it('comes up, every node Ready, with the labels of the cluster file', async () => {
    console.log(`timeline ${JSON.stringify(up.lab.state.timeline)}`);
    expect([...(await readyNodes(up.lab))].toSorted()).toEqual(['cp-1', 'cp-2', 'cp-3', 'worker-1', 'worker-2']);
    const nodes = await listed<{ metadata: { name: string; labels: Record<string, string> } }>(up.lab, 'nodes');
    const zones = nodes.flatMap(({ metadata }) => metadata.labels['topology.kubernetes.io/zone'] ?? []);
    expect(zones).toEqual(['rack-a', 'rack-b']);
  });

  judgeJournals(() => up);

  it('goes on when the machine that answers for the virtual IP is off', async () => {
    const holder = (
      await up.lab.kubectl(['get', 'lease', 'plndr-cp-lock', '-n=kube-system', '-o=jsonpath={.spec.holderIdentity}'])
    ).trim();
    expect(['cp-1', 'cp-2', 'cp-3']).toContain(holder);
    const startMs = performance.now();
    await up.lab.kill(holder);
    await eventually('a write through the virtual IP', 60_000, async () => {
      const { exitCode } = await up.lab.run('client', [
        'kubectl',
        'create',
        'configmap',
        `without-${holder}`,
        '--request-timeout=5s',
      ]);
      return exitCode === 0;
    });
    console.log(`without ${holder}, a write after ${Math.round(performance.now() - startMs)} ms`);
    await up.lab.start(holder);
    await up.waitUntilUp();
    expect(
      await ask(up.lab, holder, '. /etc/profile.d/keelway-etcdctl.sh; etcdctl endpoint health --cluster 2>&1'),
    ).not.toContain('unhealthy');
  }, 600_000);
});
