import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { etcd } from '../../lib/components/etcd.ts';
import { etcdFlags } from '../../lib/components/etcd-flags.ts';
import { kubeProxy } from '../../lib/components/kube-proxy.ts';
import { kubelet } from '../../lib/components/kubelet.ts';
import { KUBELET_CLIENT_CERTIFICATE } from '../../lib/components/kubelet-certificate.ts';
import type { Cluster } from '../../lib/model/cluster.ts';
import type { Machine } from '../../lib/model/machine.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { planCertificates } from '../../lib/pki/certificates.ts';
import { issueCertificates } from '../../lib/pki/issue-certificates.ts';
import type { PkiBundle } from '../../lib/pki/pki-bundle.ts';
import { controlPlaneParts } from '../../lib/plan/control-plane.ts';
import type { MachineContext, MachinePart } from '../../lib/plan/machine-plan.ts';
import { createSecrets } from '../../lib/secrets/bundle.ts';
import { toolPathAt } from '../tools/tools.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';
import type { RunResult, SandboxProcess } from './sandbox-process.ts';

const STATIC_POD = fileURLToPath(new URL('static-pod.sh', import.meta.url));
const KUBERNETES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubectl'];
const ETCD = ['etcd', 'etcdctl'];

/** The etcd members and some control-plane machines of a cluster, as programs on machines of a sandbox. */
export interface ControlPlaneLab {
  readonly sandbox: Sandbox;
  readonly pki: PkiBundle;
  /** `cp-1 kube-apiserver` to its process. */
  readonly pods: ReadonlyMap<string, SandboxProcess>;
  /** etcd by machine. */
  readonly members: ReadonlyMap<string, SandboxProcess>;
  /** Runs a script on a machine to its end. */
  shell(machine: string, script: string): Promise<RunResult>;
  /** kubectl on a control-plane machine, as the operator or as the machine's own kubelet. */
  kubectl(machine: string, as: 'operator' | 'kubelet', args: string, input?: string): Promise<RunResult>;
  /** Asks until the answer is 200. Throws with the output of a program that ended instead. */
  waitFor(machine: string, url: string): Promise<void>;
}

/**
 * Lays out what is rendered, starts etcd and the static pods by their rendered command lines, and returns at once.
 *
 * Stop the sandbox in the end.
 */
export async function startControlPlane(cluster: Cluster, names: readonly string[]): Promise<ControlPlaneLab> {
  const pki = await issue(cluster);
  const machines = cluster.machines.filter(({ name, runsEtcd }) => runsEtcd || names.includes(name));
  const { network, versions } = cluster;
  const binds = { ...programs(KUBERNETES, versions.kubernetes), ...programs(ETCD, versions.etcd) };
  const sandbox = await createSandbox({
    subnet: network.nodeSubnet,
    // A gateway that is not there: Service addresses need a route all the same, until kube-proxy turns them.
    machines: machines.map(({ name, address }) => ({
      name,
      address,
      binds,
      ...(network.gateway && { gateway: network.gateway }),
    })),
  });
  const contextOf = (name: string): MachineContext => {
    const machine = machines.find((each) => each.name === name);
    if (machine === undefined) throw new Error(`no machine is called ${name}`);
    return { cluster, machine, pki, inputs: { files: {}, assets: [] } };
  };
  const pods = new Map<string, SandboxProcess>();
  const members = new Map<string, SandboxProcess>();
  try {
    for (const machine of machines) {
      const context = contextOf(machine.name);
      if (machine.runsEtcd) members.set(machine.name, await startEtcd(sandbox, context));
      if (names.includes(machine.name)) await startPods(sandbox, context, pods);
    }
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
  const shell = async (machine: string, script: string) =>
    await sandbox.run(machine, ['sh', '-euc', script], { timeoutMs: 120_000 });
  /** Those that were started again. */
  const again = new Set<string>();
  return {
    sandbox,
    pki,
    pods,
    members,
    shell,
    kubectl: async (machine, as, args, input = '') =>
      await sandbox.run(machine, ['sh', '-euc', `kubectl --kubeconfig ${KUBECONFIGS[as]} ${args}`], { input }),
    waitFor: async (machine, url) => {
      for (;;) {
        const { stdout } = await shell(machine, `curl -ks --max-time 5 -o /dev/null -w '%{http_code}' ${url} || true`);
        if (stdout === '200') return;
        const ended = Array.from(pods).find(([, pod]) => !pod.running());
        if (ended !== undefined && gaveUp(ended) && !again.has(ended[0])) {
          again.add(ended[0]);
          await startPods(sandbox, contextOf(ended[0].split(' ')[0] ?? ''), pods, 'kube-controller-manager');
        } else if (ended !== undefined) throw new Error(`${ended[0]} ended:\n${ended[1].output().slice(-4000)}`);
        await sleep(200);
      }
    },
  };
}

function programs(names: readonly string[], version: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`/usr/local/bin/${name}`, toolPathAt(name, version)]));
}

const KUBECONFIGS = { operator: '/root/operator.conf', kubelet: '/etc/kubernetes/kubelet.conf' };

async function issue(cluster: Cluster): Promise<PkiBundle> {
  const ports = nodePorts();
  const secrets = await createSecrets(cluster, ports);
  const { bundle } = await issueCertificates(planCertificates(cluster), secrets, { ...ports, settings: cluster.pki });
  return bundle;
}

async function startEtcd(sandbox: Sandbox, context: MachineContext): Promise<SandboxProcess> {
  const { cluster, machine, pki } = context;
  layOut(sandbox, machine, [etcd(context)]);
  await sandbox.run(machine.name, ['mkdir', '-m', '0700', '-p', cluster.etcd.dataDirectory]);
  return await sandbox.start(machine.name, ['etcd', ...etcdFlags(cluster, machine, pki.etcdToken)]);
}

/** A controller-manager does after ten seconds of an API server that is slow to start; the kubelet would start it again. */
function gaveUp([name, pod]: readonly [string, SandboxProcess]): boolean {
  return (
    name.endsWith(' kube-controller-manager') && pod.output().includes('failed to wait for apiserver being healthy')
  );
}

/** @param only - The one to start; all by default. */
async function startPods(
  sandbox: Sandbox,
  context: MachineContext,
  pods: Map<string, SandboxProcess>,
  only?: string,
): Promise<void> {
  const { machine, pki } = context;
  const parts = [kubelet(context), kubeProxy(context), ...controlPlaneParts(context)];
  layOut(sandbox, machine, parts);
  const own = pki.leaves.get(`${machine.name}/kubelet-client`);
  put(sandbox, machine, KUBELET_CLIENT_CERTIFICATE, `${own?.certificatePem}${own?.keyPem}`, 0o600);
  const operator = pki.leaves.get('operator/admin');
  put(sandbox, machine, '/root/operator.pem', `${operator?.certificatePem}${operator?.keyPem}`, 0o600);
  const kubeconfig = readFileSync(sandbox.hostPath(machine.name, KUBECONFIGS.kubelet), 'utf8');
  put(
    sandbox,
    machine,
    KUBECONFIGS.operator,
    kubeconfig.replaceAll(KUBELET_CLIENT_CERTIFICATE, '/root/operator.pem'),
    0o600,
  );
  put(sandbox, machine, '/run/static-pod', readFileSync(STATIC_POD, 'utf8'), 0o600);
  for (const { path, contents } of parts.flatMap(({ files }) => files ?? [])) {
    if (!path.startsWith('/etc/kubernetes/manifests/')) continue;
    const { spec } = parse(contents) as Pod;
    const [container] = spec.containers;
    if (only !== undefined && container.name !== only) continue;
    const kinds = new Map(spec.volumes.map(({ name, emptyDir }) => [name, emptyDir]));
    const mounts = container.volumeMounts.map(({ name, mountPath, readOnly }) =>
      [kinds.get(name) ? 'empty' : readOnly ? 'ro' : 'rw', mountPath].join(':'),
    );
    const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '/run/static-pod', ...mounts, '--'];
    pods.set(`${machine.name} ${container.name}`, await sandbox.start(machine.name, [...argv, ...container.command]));
  }
}

interface Pod {
  readonly spec: {
    readonly containers: readonly [
      {
        readonly name: string;
        readonly command: readonly string[];
        readonly volumeMounts: readonly { name: string; mountPath: string; readOnly: boolean }[];
      },
    ];
    readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[];
  };
}

function layOut(sandbox: Sandbox, machine: Machine, parts: readonly MachinePart[]): void {
  for (const { path, mode } of parts.flatMap(({ directories }) => directories ?? [])) {
    mkdirSync(sandbox.hostPath(machine.name, path), { recursive: true });
    chmodSync(sandbox.hostPath(machine.name, path), mode);
  }
  for (const { path, contents, mode } of parts.flatMap(({ files }) => files ?? [])) {
    put(sandbox, machine, path, contents, mode);
  }
}

function put(sandbox: Sandbox, machine: Machine, path: string, contents: string, mode: number): void {
  const there = sandbox.hostPath(machine.name, path);
  mkdirSync(dirname(there), { recursive: true });
  writeFileSync(there, contents);
  chmodSync(there, mode);
}
