/** The reference cluster, whole: eight machines from their rendered seeds, with the real programs. */
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, listed } from './judges/ask.ts';
import { judgeBalancer } from './judges/balancer.ts';
import { judgeBootstrapAgain } from './judges/bootstrap-again.ts';
import { judgeJournals } from './judges/journals.ts';
import { judgeForeignKubelet, judgeKubeletAccess } from './judges/kubelet-access.ts';
import { echoPods, inPod, judgeNoRestart, judgePods } from './judges/pods.ts';
import { containerStates } from './judges/restarts.ts';
import { judgeSecretsOnMachine } from './judges/secrets-on-machine.ts';
import { othersShare } from './others-share.ts';
import { startTestLab, type TestLab } from './test-lab.ts';
import { type Timeline, writeTimeline } from './write-timeline.ts';

let up: TestLab;
/** How much longer everything took because the host had other work. */
let stretch = 1;
const timelines: Record<string, Timeline> = {};

beforeAll(async () => {
  const share = othersShare();
  // A busy host takes its time; how long is what is judged.
  up = await startTestLab('ha', { timeoutMs: 800_000 });
  stretch = share(up.lab);
}, 900_000);

afterAll(async () => {
  await up?.stop();
});

const CONTROL_PLANE = ['cp-1', 'cp-2', 'cp-3'];
const WORKERS = ['worker-1', 'worker-2', 'worker-3'];
const ETCD = ['etcd-1', 'etcd-2'];
const EVERY = [...CONTROL_PLANE, ...ETCD, ...WORKERS];

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo: { readonly kubeletVersion: string };
  };
}

async function items<T>(kind: string): Promise<readonly T[]> {
  const text = await up.lab.kubectl(['get', kind, '--all-namespaces', '--output', 'json']);
  return (JSON.parse(text) as { items: readonly T[] }).items;
}

async function podStates(): Promise<readonly string[]> {
  const states = await containerStates(up);
  return states
    .map(({ pod, ready, restarts }) => `${pod} ${ready ? 'ready' : 'not ready'}, ${restarts} restarts`)
    .toSorted();
}

/** Standard output of a program that must succeed. */
async function output(machine: string, ...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await up.lab.run(machine, argv);
  expect(exitCode, `${machine}: ${argv.join(' ')}: ${stderr}`).toBe(0);
  return stdout.trim();
}

describe('the reference cluster', () => {
  it('comes up in under three minutes of a host that has nothing else to do', () => {
    const { timeline } = up.lab.state;
    console.log(`timeline ${JSON.stringify(timeline)}, stretched ${stretch.toFixed(2)} times by other work`);
    timelines['first power on'] = timeline;
    expect(timeline['nodes Ready']).toBeLessThan(180_000 * stretch);
  });

  it('has every node Ready with its role, labels, taints and node address', async () => {
    const nodes = await items<Node>('nodes');
    const seen = nodes.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      ready: status.conditions.find(({ type }) => type === 'Ready')?.status,
      address: status.addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
      version: status.nodeInfo.kubeletVersion,
      controlPlane: 'node-role.kubernetes.io/control-plane' in metadata.labels,
      excluded: 'node.kubernetes.io/exclude-from-external-load-balancers' in metadata.labels,
      taints: (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`),
    }));
    expect(seen.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(
      up.cluster.machines
        .filter(({ runsKubelet }) => runsKubelet)
        .map(({ name, role, address }) => ({
          name,
          ready: 'True',
          address: [address],
          version: 'v1.36.4',
          controlPlane: role === 'control-plane',
          excluded: role === 'control-plane',
          taints: role === 'control-plane' ? ['node-role.kubernetes.io/control-plane:NoSchedule'] : [],
        })),
    );
  });

  it('has both etcd members, started and healthy', async () => {
    for (const name of ETCD) expect(await output(name, 'curl', '-s', 'http://127.0.0.1:2381/readyz')).toBe('ok');
    const members = await output('etcd-1', 'sh', '-c', '. /etc/profile.d/keelway-etcdctl.sh; etcdctl member list');
    expect(members.split('\n').map((line) => line.split(', ').slice(1, 3))).toEqual(
      expect.arrayContaining([
        ['started', 'etcd-1'],
        ['started', 'etcd-2'],
      ]),
    );
  });

  it('answers /readyz on all three API servers and on the virtual IP', async () => {
    for (const name of CONTROL_PLANE) {
      expect(await output(name, 'curl', '-sk', 'https://127.0.0.1:6443/readyz')).toBe('ok');
    }
    for (const name of ['client', 'neighbour', ...WORKERS]) {
      expect(await output(name, 'curl', '-sk', '--max-time', '5', 'https://10.0.0.100:6443/readyz'), name).toBe('ok');
    }
  });

  it('has one leader each for controller-manager and scheduler', async () => {
    type Lease = { metadata: { name: string }; spec: { holderIdentity: string; renewTime: string } };
    const look = async (): Promise<readonly Lease[]> => {
      const leases = await listed<Lease>(up.lab, 'leases', '--namespace=kube-system');
      return leases.filter(({ metadata }) => ['kube-controller-manager', 'kube-scheduler'].includes(metadata.name));
    };
    // A holder that has just ended has a successor after 15 s.
    await eventually('leaders that stay', 90_000, async () => {
      const before = await look();
      await sleep(4000);
      const after = await look();
      expect(after.map(({ metadata }) => metadata.name).toSorted()).toEqual([
        'kube-controller-manager',
        'kube-scheduler',
      ]);
      return after.every(({ metadata, spec }) => {
        const earlier = before.find((lease) => lease.metadata.name === metadata.name)?.spec;
        expect(CONTROL_PLANE).toContain(spec.holderIdentity.split('_')[0]);
        return spec.holderIdentity === earlier?.holderIdentity && spec.renewTime > earlier.renewTime;
      });
    });
  });

  it('runs every static pod without a restart', async () => {
    const names = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-vip'];
    const expected = names.flatMap((pod) => CONTROL_PLANE.map((node) => `${pod}-${node} ready, 0 restarts`));
    // The kubelet shows a static pod up to a minute after its node has registered.
    await expect.poll(podStates, { timeout: 150_000, interval: 2_000 }).toEqual(expected.toSorted());
  }, 200_000);

  it('has no failed unit, no unit that was restarted, and nothing left to start', async () => {
    for (const name of EVERY) {
      expect(await output(name, 'systemctl', '--failed', '--no-legend'), name).toBe('');
      // A timer may have started something this moment.
      await eventually(`${name} has no jobs`, 60_000, async () => {
        return (await output(name, 'systemctl', 'list-jobs', '--no-legend')) === '';
      });
      const restarts = await output(name, 'sh', '-c', 'systemctl show --property=Id,NRestarts "*.service"');
      const restarted = restarts.split('\n\n').filter((unit) => !/^NRestarts=0$/m.test(unit));
      expect(restarted, name).toEqual([]);
    }
  });

  it('has bootstrapped, and kept no credential', async () => {
    for (const name of CONTROL_PLANE) {
      const unit = 'keelway-bootstrap.service';
      const shown = await output(name, 'systemctl', 'show', '-p', 'Result', '-p', 'ExecMainExitTimestamp', unit);
      expect(shown, name).toMatch(/^Result=success$/m);
      // Of a unit that has never run, too, the result is success.
      expect(shown, name).toMatch(/^ExecMainExitTimestamp=\w/m);
      const folder = up.lab.hostPath(name, '/run/keelway/bootstrap');
      const left = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
      expect(
        left.filter((file) => /credential|\.key|\.crt|kubeconfig/.test(file)),
        name,
      ).toEqual([]);
    }
  });

  it('has wiped its seeds and turned cloud-init off', async () => {
    for (const name of EVERY) {
      expect(existsSync(up.lab.hostPath(name, '/var/lib/cloud/seed/nocloud')), name).toBe(false);
      expect(existsSync(up.lab.hostPath(name, '/etc/cloud/cloud-init.disabled')), name).toBe(true);
    }
  });

  it('has the sessions of the mesh and of the router Established', async () => {
    const established = async (machine: string, socket: string[]) => {
      const protocols = await output(machine, 'birdc', ...socket, 'show', 'protocols');
      const sessions = protocols.split('\n').filter((line) => / BGP /.test(line) && !/ Passive /.test(line));
      return [sessions.length, sessions.filter((line) => / Established/.test(line)).length];
    };
    const hasSessions = async (name: string, wanted: number, socket: string[] = []) => {
      await expect
        .poll(async () => await established(name, socket), { timeout: 60_000, message: name })
        .toEqual([wanted, wanted]);
    };
    for (const name of CONTROL_PLANE) await hasSessions(name, 6);
    for (const name of WORKERS) await hasSessions(name, 3);
    await hasSessions('router', 3, ['-s', '/run/bird/bird.ctl']);
    for (const name of ['router', ...WORKERS]) {
      await eventually(`${name} has three next hops`, 60_000, async () => {
        const route = await output(name, 'ip', 'route', 'show', '10.0.0.100');
        return route.match(/nexthop via 10\.0\.0\.1[123] /g)?.length === 3;
      });
    }
  });
});

// In this order: the first ones change nothing, the later ones build on the pods, the last ones disturb.
describe('its machines', () => {
  judgeJournals(() => up);
  judgeSecretsOnMachine(() => up);
});

describe('its pods', () => {
  judgePods(() => up);
});

describe('its kubelets', () => {
  judgeKubeletAccess(() => up);
  judgeForeignKubelet(() => up);
});

describe('its bootstrap unit', () => {
  judgeBootstrapAgain(() => up);
  judgeNoRestart(() => up);
});

describe('its balancers', () => {
  judgeBalancer(() => up);
});

describe('a power cut', () => {
  it('comes back by itself after all machines were off, etcd on last', async () => {
    await Promise.all(EVERY.map((name) => up.lab.kill(name)));
    const startedMs = performance.now();
    for (const name of [...CONTROL_PLANE, ...WORKERS, ...ETCD]) await up.lab.start(name);
    const timeline = await up.waitUntilUp(500_000, startedMs);
    console.log(`after a power cut ${JSON.stringify(timeline)}`);
    timelines['all machines off and on'] = timeline;
    writeTimeline(timelines);
    expect(Object.keys(timeline)).toContain('nodes Ready');
  }, 600_000);

  it('has its pods again', async () => {
    const pods = await eventually('the pods', 180_000, async () => {
      const found = await echoPods(up.lab);
      return found.length === WORKERS.length && found;
    });
    for (const pod of pods) {
      await eventually(`${pod.name} finds the Service by its name`, 60_000, async () =>
        (await inPod(up.lab, pod, 'curl -s --max-time 5 http://echo/')).includes('hostname: echo-'),
      );
    }
  }, 600_000);

  judgeJournals(() => up);
});
