import { describe, expect, it } from 'vitest';
import type { KeelwayError } from '../../../lib/errors.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { bootOrder } from '../../../lib/plan/boot-order.ts';
import type { MachinePlan } from '../../../lib/plan/machine-plan.ts';
import { planCluster } from '../../../lib/plan/plan-cluster.ts';
import { onMachine } from '../components/machine-root.ts';
import { fakePki, LOCKED_ASSETS, referenceCluster, testInputs, testMachine } from './reference-cluster.ts';

const cluster = referenceCluster();
const stacked: Cluster = {
  ...cluster,
  etcd: { ...cluster.etcd, topology: 'stacked' },
  machines: [
    testMachine('cp-1', 'control-plane', '10.0.0.11', { runsEtcd: true, dataDisk: { serial: 'D' } }),
    testMachine('worker-1', 'worker', '10.0.0.31'),
  ],
};

function plan(of: Cluster = cluster) {
  return planCluster(of, fakePki(of), testInputs({ assets: LOCKED_ASSETS }));
}

function machine(name: string, of: Cluster = cluster): MachinePlan {
  const found = plan(of).machines.find(({ hostname }) => hostname === name);
  if (found === undefined) throw new Error(name);
  return found;
}

function paths(of: MachinePlan): string[] {
  return of.files.map(({ path }) => path);
}

describe('planCluster', () => {
  it('plans every machine of every OS and both topologies', () => {
    for (const of of [
      cluster,
      stacked,
      ...(['ubuntu', 'flatcar', 'fedora-coreos'] as const).map((os) => referenceCluster({}, os)),
    ]) {
      expect(plan(of).machines.map(({ hostname }) => hostname)).toEqual(of.machines.map(({ name }) => name));
    }
  });

  it('gives the same plan again', () => {
    expect(JSON.stringify(plan())).toBe(JSON.stringify(plan()));
  });

  it('keeps etcd machines free of Kubernetes, and its CAs off them', () => {
    const etcd = machine('etcd-1');
    expect(paths(etcd).filter((path) => path.startsWith('/etc/kubernetes'))).toEqual([]);
    expect(etcd.files.map(({ contents }) => contents).join('')).not.toContain(cluster.controlPlane.vip?.address);
  });

  it('puts a private CA key on control-plane machines only, and no other than the node-signer’s', () => {
    for (const { machine: of, files } of plan().machines) {
      const withKey = files.filter(({ contents }) => contents.includes('node-signer-key')).map(({ path }) => path);
      expect(withKey).toEqual(
        of.role === 'control-plane' ? ['/etc/kubernetes/pki/controller-manager/node-signer.key'] : [],
      );
    }
  });

  it('gives no machine a key of another, and closes every file with a key', () => {
    for (const { hostname, files } of plan().machines) {
      for (const { contents, mode, path, secret } of files) {
        if (!contents.includes('PRIVATE KEY')) continue;
        expect([path, secret, mode & 0o077]).toEqual([path, true, 0]);
        const owner = /\n([a-z]+-\d)\/[a-z-]+-key\n/.exec(contents)?.[1];
        expect([hostname, undefined]).toContain(owner);
      }
    }
  });

  it('plans the network of the machine', () => {
    expect(machine('worker-2').network).toEqual({
      address: '10.0.0.32',
      prefixLength: 24,
      macAddress: '52:54:00:0a:00:20',
      interfaceName: null,
      gateway: '10.0.0.1',
      nameservers: ['10.0.0.1'],
      searchDomains: [],
      mtu: null,
    });
  });

  it('names every program that is not locked, of all machines at once', () => {
    const flatcar = referenceCluster({}, 'flatcar');
    try {
      planCluster(flatcar, fakePki(flatcar), testInputs());
      expect.unreachable();
    } catch (error) {
      expect((error as KeelwayError).code).toBe('ASSET_NOT_LOCKED');
      const messages = (error as KeelwayError).issues.map(({ message }) => message).join('\n');
      for (const { name } of flatcar.machines) expect(messages).toContain(`${name} (flatcar)`);
    }
  });

  it('uses the hash function it is given', () => {
    const hash = () => 'f'.repeat(64);
    const lists = planCluster(cluster, fakePki(cluster), testInputs(), hash).machines[0]?.files;
    expect(lists?.find(({ path }) => path === '/etc/keelway/manifest.sha256')?.contents).toMatch(/^f{64} {2}\//);
  });
});

describe('the lists of the seed check', () => {
  const installed = (of: MachinePlan) => `
set -e
hostname ${of.hostname}
mount -t tmpfs none /sys/class; mkdir -p /sys/class/net/eth0; echo ${of.network.macAddress} >/sys/class/net/eth0/address
id etcd >/dev/null 2>&1 || useradd --system etcd
install -m 0440 /dev/stdin /etc/sudoers.d/90-keelway <<'END'
core ALL=(ALL:ALL) NOPASSWD: ALL
END
${[...of.directories, ...of.files].map(({ path, owner, group }) => `chown ${owner}:${group} ${path}`).join('\n')}
sh /etc/keelway/bin/seed`;

  it.each([
    ['cp-1', cluster],
    ['etcd-1', cluster],
    ['worker-1', cluster],
    ['cp-1', stacked],
  ])('fit %s as it is installed', async (name, of) => {
    const found = machine(name, of);
    const { stdout, stderr, exitCode } = await onMachine([found], installed(found));
    expect(stderr).toBe('');
    expect(stdout).toContain(`this is ${name}, and every file is as delivered`);
    expect(exitCode).toBe(0);
  });
});

describe('bootOrder', () => {
  it('is etcd, control plane, workers, each behind its gate', () => {
    expect(bootOrder(cluster).map(({ stage, machines, gate }) => [stage, machines, gate.name])).toEqual([
      ['etcd', ['etcd-1', 'etcd-2'], 'etcd-quorum'],
      ['control-plane', ['cp-1', 'cp-2', 'cp-3'], 'api-ready'],
      ['workers', ['worker-1', 'worker-2', 'worker-3'], 'nodes-ready'],
    ]);
    expect(bootOrder(cluster)[0]?.gate.description).toBe('2 of 2 etcd members answer /readyz');
  });

  it('has stacked machines in two stages and leaves out a stage without machines', () => {
    const [only] = stacked.machines;
    expect(bootOrder({ ...stacked, machines: only === undefined ? [] : [only] })).toMatchObject([
      { stage: 'etcd', machines: ['cp-1'], gate: { description: '1 of 1 etcd member answers /readyz' } },
      { stage: 'control-plane', machines: ['cp-1'] },
    ]);
  });
});
