import { copyFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { API_BALANCER_PORT } from '../../../lib/components/api-server-address.ts';
import { kubeconfigPath } from '../../../lib/lab/start-lab.ts';
import type { TestLab } from '../test-lab.ts';
import { ask, eventually, listed, readyNodes } from './ask.ts';
import { echoPods, inPod } from './pods.ts';

const SOCKET = '/run/keelway-api-balancer/admin.sock';

/** The balancer of each worker, while two of three control-plane machines are off. Needs the pods of `judgePods`. */
export function judgeBalancer(up: () => TestLab): void {
  const workers = () => up().cluster.machines.flatMap(({ name, role }) => (role === 'worker' ? [name] : []));

  /** What HAProxy says of each API server. */
  const servers = async (worker: string): Promise<Readonly<Record<string, string>>> => {
    const text = await ask(up().lab, worker, `echo 'show stat' | socat - UNIX-CONNECT:${SOCKET}`);
    const [head = '', ...lines] = text.split('\n').filter((line) => line !== '');
    const columns = head.replace(/^# /, '').split(',');
    const rows = lines.map((line) =>
      Object.fromEntries(line.split(',').map((value, index) => [columns[index], value])),
    );
    const ours = rows.filter(({ pxname, svname }) => pxname === 'api-servers' && svname !== 'BACKEND');
    return Object.fromEntries(ours.map(({ svname = '', status = '' }) => [svname, status]));
  };

  const allSay = async (wanted: Readonly<Record<string, string>>): Promise<boolean> => {
    const found = await Promise.all(workers().map(servers));
    return found.every((each) => Object.entries(wanted).every(([name, status]) => each[name] === status));
  };

  it('sees all API servers', async () => {
    await eventually('all up', 60_000, async () => await allSay({ 'cp-1': 'UP', 'cp-2': 'UP', 'cp-3': 'UP' }));
  });

  it('keeps the workers going with two of three API servers off', async () => {
    const { lab } = up();
    const startMs = performance.now();
    await Promise.all(['cp-2', 'cp-3'].map((name) => lab.kill(name)));
    const offAt = new Date();
    await eventually(
      'two of them down',
      60_000,
      async () => await allSay({ 'cp-1': 'UP', 'cp-2': 'DOWN', 'cp-3': 'DOWN' }),
    );
    console.log(`balancers saw two API servers go within ${Math.round(performance.now() - startMs)} ms`);
    for (const name of workers()) {
      copyFileSync(kubeconfigPath(lab.state.name), lab.hostPath(name, '/run/admin.kubeconfig'));
      const kubectl = `kubectl --kubeconfig /run/admin.kubeconfig --server https://127.0.0.1:${API_BALANCER_PORT} --request-timeout=10s`;
      const writes = `${kubectl} create configmap through-${name}; rm /run/admin.kubeconfig`;
      expect(await ask(lab, name, writes)).toBe(`configmap/through-${name} created`);
    }
    // A kubelet that renews its lease is one whose node stays Ready; the cluster would notice after 50 seconds.
    await eventually('every worker renews its lease', 90_000, async () => {
      const leases = await listed<{ metadata: { name: string }; spec: { renewTime: string } }>(
        lab,
        'leases',
        '--namespace=kube-node-lease',
      );
      const times = leases
        .filter(({ metadata }) => workers().includes(metadata.name))
        .map(({ spec }) => spec.renewTime);
      return times.length === workers().length && times.every((time) => new Date(time) > offAt);
    });
    // The control plane has noticed the two, and has nothing against the others.
    await eventually('the two are noticed', 120_000, async () => {
      const ready = await readyNodes(lab);
      return !ready.includes('cp-2') && !ready.includes('cp-3');
    });
    expect([...(await readyNodes(lab))].toSorted()).toEqual(['cp-1', ...workers()]);
    const [pod] = await echoPods(lab);
    if (pod === undefined) throw new Error('there is no pod');
    const answer = await eventually('a Service', 60_000, async () =>
      inPod(lab, pod, 'curl -s --max-time 5 http://echo/'),
    );
    expect(answer).toContain('hostname: echo-');
  }, 600_000);

  it('takes the API servers back', async () => {
    const { lab } = up();
    for (const name of ['cp-2', 'cp-3']) await lab.start(name);
    await up().waitUntilUp();
    await eventually('all up', 60_000, async () => await allSay({ 'cp-1': 'UP', 'cp-2': 'UP', 'cp-3': 'UP' }));
  }, 600_000);
}
