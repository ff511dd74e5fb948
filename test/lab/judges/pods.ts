import { expect, it } from 'vitest';
import type { Lab } from '../../../lib/lab/lab.ts';
import { dnsManifest, ECHO_NODE_PORT, echoManifest } from '../manifests.ts';
import type { TestLab } from '../test-lab.ts';
import { ask, eventually, listed } from './ask.ts';
import { containerStates } from './restarts.ts';

export interface EchoPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
}

/** Ordinary pods, their network, Services and names. What brings the network and CoreDNS is the test's own. */
export function judgePods(up: () => TestLab): void {
  const workers = () => up().cluster.machines.filter(({ role }) => role === 'worker');

  it('runs a Deployment, one pod on each worker, and CoreDNS', async () => {
    const { lab, cluster } = up();
    await lab.kubectl(['apply', '-f', '-'], { input: echoManifest(workers().length) });
    await lab.kubectl(['apply', '-f', '-'], { input: dnsManifest(cluster) });
    for (const name of ['deployment/echo', '--namespace=kube-system deployment/coredns']) {
      await lab.kubectl(['rollout', 'status', '--timeout=150s', ...name.split(' ')], { timeoutMs: 160_000 });
    }
    const pods = await echoPods(lab);
    expect(pods.map(({ node }) => node).toSorted()).toEqual(workers().map(({ name }) => name));
  }, 330_000);

  it('connects every pod with those of other machines, which see its own address', async () => {
    const { lab } = up();
    const pods = await echoPods(lab);
    for (const from of pods) {
      for (const to of pods.filter(({ name }) => name !== from.name)) {
        const answer = await inPod(lab, from, `curl -s --max-time 5 http://${to.address}:8080/`);
        expect(answer).toContain(`hostname: ${to.name}\nclient: ${from.address}:`);
      }
    }
  });

  it('spreads a Service over the pods, for pods, workers and control-plane machines', async () => {
    const { lab, cluster } = up();
    const address = (await lab.kubectl(['get', 'service', 'echo', '-o', 'jsonpath={.spec.clusterIP}'])).trim();
    const pods = await echoPods(lab);
    const twenty = `for n in $(seq 20); do curl -s --max-time 5 http://${address}/; done`;
    const seen = (answers: string) => new Set(answers.match(/(?<=^hostname: ).*/gm));
    const names = new Set(pods.map(({ name }) => name));
    // Chance may leave one out, and kube-proxy may not have heard of one yet; never is there another.
    const spreads = async (from: string, answers: () => Promise<string>): Promise<void> => {
      await eventually(`the Service spreads from ${from}`, 60_000, async () => {
        const found = seen(await answers());
        expect(names, from).toEqual(new Set([...names, ...found]));
        return found.size === names.size;
      });
    };
    for (const pod of pods) await spreads(pod.name, async () => await inPod(lab, pod, twenty));
    for (const { name } of cluster.machines.filter(({ runsKubelet }) => runsKubelet)) {
      await spreads(name, async () => await ask(lab, name, twenty));
    }
    const [worker] = workers();
    expect(await ask(lab, worker?.name ?? '', 'nft list tables')).toContain('table ip kube-proxy');
  }, 600_000);

  it('resolves names of Services in a pod, by the address and domain that its kubelet gave it', async () => {
    const { lab, cluster } = up();
    const { dnsServiceAddress, domain } = cluster.network;
    for (const pod of await echoPods(lab)) {
      const script = `cat /etc/resolv.conf; getent hosts kubernetes.default echo.default.svc.${domain}; curl -s --max-time 5 http://echo/`;
      const answer = await eventually(`names in ${pod.name}`, 60_000, async () => await inPod(lab, pod, script));
      expect(answer).toContain(`nameserver ${dnsServiceAddress}`);
      expect(answer).toContain(`kubernetes.default.svc.${domain}`);
      expect(answer).toContain(`echo.default.svc.${domain}`);
      expect(answer).toContain('host: echo\n');
    }
  });

  it('answers on the node port of every machine, for a client outside', async () => {
    const { lab, cluster } = up();
    for (const { address, name, runsKubelet } of cluster.machines) {
      if (!runsKubelet) continue;
      const answer = await eventually(`the node port of ${name}`, 60_000, async () =>
        ask(lab, 'client', `curl -s --max-time 5 http://${address}:${ECHO_NODE_PORT}/`),
      );
      expect(answer, name).toMatch(/^hostname: echo-/);
    }
  });
}

/** Of static pods and others; where kubelets were restarted, their containers were not. */
export function judgeNoRestart(up: () => TestLab): void {
  it('has restarted no container', async () => {
    // A node that registered anew shows its static pods a moment later.
    const states = await eventually('a state of every container', 120_000, async () => {
      const found = await containerStates(up());
      return found.every(({ ready }) => ready) && found;
    });
    expect(states.length).toBeGreaterThan(0);
    expect(states.filter(({ restarts }) => restarts !== 0)).toEqual([]);
  }, 180_000);
}

/** Ready pods of the echo Deployment. */
export async function echoPods(lab: Lab): Promise<readonly EchoPod[]> {
  const pods = await listed<{
    metadata: { name: string; deletionTimestamp?: string };
    spec: { nodeName?: string };
    status: { podIP?: string; conditions?: readonly { type: string; status: string }[] };
  }>(lab, 'pods', '--selector=app=echo');
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter(({ status }) => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .map(({ metadata, spec, status }) => {
      return { name: metadata.name, node: spec.nodeName ?? '', address: status.podIP ?? '' };
    });
}

/**
 * Runs a script with the programs of the pod's machine, in the network and with the names of the pod: its own image has
 * the echo server and nothing else.
 */
export async function inPod(lab: Lab, pod: EchoPod, script: string): Promise<string> {
  const crictl = 'crictl --runtime-endpoint unix:///run/containerd/containerd.sock';
  const pid = await eventually(`the process of ${pod.name}`, 20_000, async () => {
    const id = await ask(lab, pod.node, `${crictl} ps --quiet --label io.kubernetes.pod.name=${pod.name}`);
    return await ask(lab, pod.node, `${crictl} inspect --output go-template --template '{{.info.pid}}' ${id}`);
  });
  // Everything is mounted in a namespace of the script's own, and gone with it.
  const names = `mount -t tmpfs names /mnt; cp /proc/${pid}/root/etc/resolv.conf /mnt/; mount --bind /mnt/resolv.conf "$(readlink -f /etc/resolv.conf)"`;
  const inside = `${names}; exec nsenter --net=/proc/${pid}/ns/net sh -euc "$SCRIPT"`;
  return await ask(lab, pod.node, `exec unshare --mount sh -euc '${inside}'`, { env: { SCRIPT: script } });
}
