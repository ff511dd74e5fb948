/** A control plane of every version from what is rendered: real programs, certificates, command lines and mounts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeProxy } from '../../lib/components/kube-proxy.ts';
import { kubeProxyWarnsWithoutMode } from '../../lib/model/quirks.ts';
import { type ControlPlaneLab, startControlPlane } from '../harness/control-plane-lab.ts';
import { flagComplaints } from '../harness/flag-complaints.ts';
import type { SandboxProcess } from '../harness/sandbox-process.ts';
import { unitCommands } from '../harness/unit-commands.ts';
import { testContext } from '../lib/plan/reference-cluster.ts';
import { clusterOfVersions, olderEtcd, versionPairs } from './version-pairs.ts';

const MACHINES = ['cp-1', 'cp-2'];
const API = 'https://127.0.0.1:6443';

describe.each([...versionPairs, olderEtcd])('Kubernetes $kubernetes with etcd $etcd', (versions) => {
  const cluster = clusterOfVersions(versions);
  let lab: ControlPlaneLab;

  beforeAll(async () => {
    lab = await startControlPlane(cluster, MACHINES);
  });

  afterAll(async () => {
    await lab?.sandbox.stop();
  });

  async function operator(args: string, input?: string): Promise<string> {
    const { exitCode, stdout, stderr } = await lab.kubectl('cp-1', 'operator', args, input);
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  }

  it('is ready on both machines, and is of these versions', async () => {
    for (const machine of MACHINES) {
      await lab.waitFor(machine, `${API}/readyz`);
      await lab.waitFor(machine, 'https://127.0.0.1:10257/healthz');
      await lab.waitFor(machine, 'https://127.0.0.1:10259/readyz');
    }
    expect(JSON.parse(await operator('get --raw /version'))).toMatchObject({ gitVersion: `v${versions.kubernetes}` });
    for (const member of lab.members.values()) expect(member.output()).toContain(`"etcd-version":"${versions.etcd}"`);
  });

  it('finds no fault with flags, files and permissions', () => {
    expect(lab.pods).toHaveLength(6);
    for (const [name, pod] of lab.pods) expect(flagComplaints(pod.output()), name).toEqual([]);
    for (const [name, member] of lab.members) {
      expect(member.output(), name).not.toMatch(/deprecated|decommissioned|"level":"(error|fatal|panic)"/i);
    }
  });

  it('is bootstrapped by its kubectl', async () => {
    const node = (name: string) => JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
    const bootstrap = 'mkdir -m 0700 -p /run/keelway/bootstrap; sh /etc/keelway/bin/bootstrap';
    for (const machine of MACHINES) {
      await lab.kubectl(machine, 'kubelet', 'create -f -', node(machine));
      expect(await lab.shell(machine, bootstrap)).toMatchObject({ exitCode: 0, stderr: '' });
    }
    expect((await operator("auth can-i '*' '*'")).trim()).toBe('yes');
    const nodes = await operator('get nodes -o name -l node-role.kubernetes.io/control-plane=');
    expect(nodes.trim().split('\n')).toEqual(MACHINES.map((machine) => `node/${machine}`));
  });

  it('has one leader of each kind', async () => {
    const leases =
      'kubectl --kubeconfig /root/operator.conf get leases -n kube-system kube-controller-manager kube-scheduler';
    const holders = async (): Promise<string> =>
      (await lab.shell('cp-1', `${leases} -o jsonpath='{.items[*].spec.holderIdentity}' || true`)).stdout;
    await expect.poll(holders, { timeout: 90_000 }).toMatch(/^cp-[12]_\S+ cp-[12]_\S+$/);
  });

  it('knows every field of its static pods', async () => {
    // Without it no pod is admitted, and the controller-manager makes it a moment after the namespace.
    await operator('wait --for=create --timeout=90s serviceaccount/default -n kube-system');
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      const manifest = `/etc/kubernetes/manifests/${name}.yaml`;
      expect(await operator(`create --dry-run=server --validate=strict -f ${manifest}`)).toBe(
        `pod/${name} created (server dry run)\n`,
      );
    }
  });

  it('keeps Secrets as ciphertext in etcd', async () => {
    await operator('create secret generic example --from-literal=word=hushhushhush');
    const get = 'set -a; . /etc/etcd/etcdctl.env; etcdctl get /registry/secrets/default/example';
    const { stdout } = await lab.shell('etcd-1', get);
    expect(stdout).toContain('k8s:enc:secretbox:v1:key-1:');
    expect(stdout).not.toContain('hushhushhush');
  });

  it('answers on the address of its Service through kube-proxy', async () => {
    const addresses = JSON.stringify({ status: { addresses: [{ type: 'InternalIP', address: '10.0.0.11' }] } });
    await operator(`patch node cp-1 --subresource=status -p '${addresses}'`);
    const proxy = await startKubeProxy();
    const answer = async (): Promise<string> => {
      const { stdout } = await lab.shell('cp-1', 'curl -ks --max-time 2 https://10.96.0.1/readyz || true');
      return stdout === '' ? proxy.output().slice(-4000) : stdout;
    };
    await expect.poll(answer, { timeout: 90_000 }).toBe('ok');
    // API servers write themselves into the Service one by one, every ten seconds.
    const endpoints = async (): Promise<readonly string[]> => {
      const { stdout } = await lab.shell('cp-1', 'nft list table ip kube-proxy');
      return [...new Set(stdout.match(/10\.0\.0\.\d+(?=( \. |:)6443)/g))].sort();
    };
    await expect.poll(endpoints, { timeout: 90_000 }).toEqual(['10.0.0.11', '10.0.0.12']);
    const complaints = flagComplaints(proxy.output());
    // Kubernetes 1.37 at its first start on a machine, when it has made no set yet.
    expect(complaints.filter((line) => !line.includes('"Failed to list existing sets"'))).toEqual([]);
    await proxy.stop();
  });

  it('has a kube-proxy that warns without a mode or not', async () => {
    const proxy = await startKubeProxy("sed -i '/^mode:/d' /etc/kubernetes/kube-proxy/config.yaml");
    await proxy.waitFor(/Using iptables Proxier/, 90_000);
    expect(proxy.output().includes('No kube-proxy mode specified')).toBe(
      kubeProxyWarnsWithoutMode(versions.kubernetes),
    );
    await proxy.stop();
  });

  /** By its rendered unit, with no capability that the unit does not leave it. */
  async function startKubeProxy(before = ''): Promise<SandboxProcess> {
    const [unit] = kubeProxy({ ...testContext('cp-1', cluster), pki: lab.pki }).units ?? [];
    const contents = unit?.contents ?? '';
    const capabilities = (/^CapabilityBoundingSet=(.*)$/m.exec(contents)?.[1] ?? '')
      .split(' ')
      .map((name) => name.replace('CAP_', '+').toLowerCase());
    const argv = unitCommands(contents).start[0]?.argv ?? [];
    await lab.shell('cp-1', before);
    return await lab.sandbox.start('cp-1', [
      ...['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=-all,${capabilities.join(',')}`, '--'],
      ...argv,
    ]);
  }
});
