import { describe, expect, it } from 'vitest';
import { KeelwayError } from '../../../lib/errors.ts';
import { lockedPrograms, requireLockedPrograms } from '../../../lib/model/locked-programs.ts';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import {
  type AssetName,
  acceptsVersion,
  programPath,
  requiredPackages,
  requiredPrograms,
} from '../../../lib/model/programs.ts';
import { LOCKED_ASSETS, referenceCluster, testInputs } from '../plan/reference-cluster.ts';

function machineOf(os: OperatingSystem, name: string) {
  const cluster = referenceCluster({}, os);
  const machine = cluster.machines.find((each) => each.name === name);
  if (machine === undefined) throw new Error(name);
  return { cluster, machine };
}

function required(os: OperatingSystem, name: string): [AssetName, string][] {
  const { cluster, machine } = machineOf(os, name);
  return requiredPrograms(cluster, machine).map(({ asset, delivery }) => [asset, delivery]);
}

describe('programPath', () => {
  it.each([
    ['debian', 'kubelet', '/usr/local/bin/kubelet'],
    ['ubuntu', 'containerd', '/usr/local/bin/containerd'],
    ['flatcar', 'kubelet', '/opt/bin/kubelet'],
    ['flatcar', 'containerd', '/usr/bin/containerd'],
    ['fedora-coreos', 'runc', '/usr/bin/runc'],
    ['fedora-coreos', 'etcdctl', '/opt/bin/etcdctl'],
    ['debian', 'haproxy', '/usr/sbin/haproxy'],
    ['flatcar', 'haproxy', 'haproxy'],
    ['ubuntu', 'birdc', '/usr/sbin/birdc'],
    ['flatcar', 'nft', '/usr/sbin/nft'],
    ['debian', 'chronyc', '/usr/bin/chronyc'],
  ] as const)('%s %s is %s', (os, name, path) => {
    expect(programPath(os, name)).toBe(path);
  });
});

describe('requiredPrograms', () => {
  it('gives etcd machines etcd and nothing of Kubernetes', () => {
    expect(required('debian', 'etcd-1')).toEqual([['etcd', 'image']]);
    expect(required('ubuntu', 'etcd-1')).toEqual([['etcd', 'locked']]);
  });

  it('takes containerd and runc from the OS, HAProxy and BIRD as images, on Flatcar', () => {
    expect(Object.fromEntries(required('flatcar', 'worker-1'))).toEqual({
      containerd: 'os',
      runc: 'os',
      'cni-plugins': 'locked',
      crictl: 'locked',
      kubelet: 'locked',
      'kube-proxy': 'locked',
      haproxy: 'oci',
      bird: 'oci',
    });
  });

  it('takes HAProxy and BIRD from the archive on Ubuntu', () => {
    const { cluster, machine } = machineOf('ubuntu', 'worker-1');
    expect(requiredPackages(cluster, machine)).toEqual([
      'bird2',
      'chrony',
      'conntrack',
      'curl',
      'ethtool',
      'haproxy',
      'nftables',
      'openssl',
      'socat',
    ]);
    expect(requiredPackages(cluster, { ...machine, role: 'etcd', runsKubelet: false })).toEqual([
      'chrony',
      'curl',
      'nftables',
      'openssl',
    ]);
  });

  it('asks for crictl at most one minor behind the cluster', () => {
    const { cluster, machine } = machineOf('ubuntu', 'worker-1');
    const of = (kubernetes: string) => {
      const versions = { ...cluster.versions, kubernetes };
      const found = requiredPrograms({ ...cluster, versions }, machine).find(({ asset }) => asset === 'crictl');
      if (found === undefined) throw new Error('no crictl');
      return found;
    };
    expect(of('1.35.2').version).toBe('1.35.0');
    expect(of('1.37.1').version).toBe('1.36.0');
    expect(['1.35.9', '1.36.0', '1.37.1', '1.38.0'].map((locked) => acceptsVersion(of('1.36.4'), locked))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('the asset lock', () => {
  it('is not needed by Keelway’s node OS', () => {
    const cluster = referenceCluster();
    expect(() => requireLockedPrograms(cluster, testInputs())).not.toThrow();
  });

  it('is complete for every OS with the test’s entries', () => {
    for (const os of ['ubuntu', 'flatcar', 'fedora-coreos'] as const) {
      const cluster = referenceCluster({}, os);
      expect(() => requireLockedPrograms(cluster, testInputs({ assets: LOCKED_ASSETS }))).not.toThrow();
    }
  });

  it('names every machine and program that is missing', () => {
    const cluster = referenceCluster({}, 'flatcar');
    const assets = LOCKED_ASSETS.filter(({ name }) => name !== 'haproxy' && name !== 'etcd');
    const error = failure(() => requireLockedPrograms(cluster, testInputs({ assets })));
    expect(error.code).toBe('ASSET_NOT_LOCKED');
    expect(error.message).toContain('etcd-1 (flatcar) needs etcd 3.6.16');
    expect(error.issues).toHaveLength(5);
    expect(error.hint).toContain('assets.lock.yaml');
  });

  it('refuses a kubelet of another version and says what the lock has', () => {
    const { cluster, machine } = machineOf('ubuntu', 'worker-1');
    const assets = LOCKED_ASSETS.map((asset) => (asset.name === 'kubelet' ? { ...asset, version: '1.36.3' } : asset));
    const error = failure(() => lockedPrograms(cluster, machine, testInputs({ assets })));
    expect(error.message).toContain('worker-1 (ubuntu) needs kubelet 1.36.4 for amd64; the lock has 1.36.3');
  });

  it('does not take another architecture or an image for a binary', () => {
    const { cluster, machine } = machineOf('ubuntu', 'etcd-1');
    const arm = LOCKED_ASSETS.map((asset) => ({ ...asset, architecture: 'arm64' as const }));
    const images = LOCKED_ASSETS.map((asset) => ({ ...asset, kind: 'oci' as const }));
    for (const assets of [arm, images]) {
      expect(failure(() => lockedPrograms(cluster, machine, testInputs({ assets }))).code).toBe('ASSET_NOT_LOCKED');
    }
  });
});

function failure(action: () => unknown): KeelwayError {
  try {
    action();
  } catch (error) {
    if (error instanceof KeelwayError) return error;
  }
  throw new Error('nothing was thrown');
}
