import { describe, expect, it } from 'vitest';
import { access } from '../../../lib/components/access.ts';
import { hosts } from '../../../lib/components/hosts.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const cluster = referenceCluster();

function withEndpoint(host: string, changes: Partial<Cluster['controlPlane']> = {}): Cluster {
  return { ...cluster, controlPlane: { ...cluster.controlPlane, endpoint: { host, port: 6443 }, ...changes } };
}

async function resolve(of: Cluster, names: readonly string[]): Promise<string> {
  const { stdout } = await onMachine(
    [hosts(testContext('cp-1', of))],
    `hostname cp-1; ip addr add 192.0.2.1/32 dev lo; for name in ${names.join(' ')}; do getent ahostsv4 $name | awk 'NR == 1 {print $1}' | grep . || echo none; done`,
  );
  return stdout.trim().split('\n').join(' ');
}

describe('/etc/hosts', () => {
  it('resolves every machine, its own name to the node address, and localhost', async () => {
    expect(await resolve(cluster, ['cp-1', 'etcd-2', 'worker-3', 'localhost'])).toBe(
      '10.0.0.11 10.0.0.22 10.0.0.33 127.0.0.1',
    );
  });

  it('resolves the name of the endpoint to the VIP', async () => {
    expect(await resolve(withEndpoint('api.example.com'), ['api.example.com'])).toBe('10.0.0.100');
  });

  it('resolves it to the only control-plane machine where there is no VIP', async () => {
    const one = withEndpoint('api.example.com', { vip: null });
    const machines = one.machines.filter(({ name }) => !['cp-2', 'cp-3'].includes(name));
    expect(await resolve({ ...one, machines }, ['api.example.com'])).toBe('10.0.0.11');
  });

  it('leaves an outside load balancer to DNS', async () => {
    expect(await resolve(withEndpoint('api.example.com', { vip: null }), ['api.example.com'])).toBe('none');
  });

  it('is the same on every machine', () => {
    const contents = cluster.machines.map(({ name }) => hosts(testContext(name, cluster)).files?.[0]?.contents);
    expect(new Set(contents).size).toBe(1);
  });
});

describe('access', () => {
  it('is by key only, never root, whatever the image says later: the real sshd reads it so', async () => {
    const { stdout } = await onMachine(
      [access(testContext('cp-1', cluster))],
      'mkdir -p /run/sshd; ssh-keygen -A >/dev/null; sshd -T',
      { files: { '/etc/ssh/sshd_config.d/50-cloud-init.conf': 'PasswordAuthentication yes\nPermitRootLogin yes\n' } },
    );
    for (const line of ['passwordauthentication no', 'kbdinteractiveauthentication no', 'permitrootlogin no']) {
      expect(stdout).toContain(`${line}\n`);
    }
  });

  it('is Ignition’s and the OS’s own on Flatcar', () => {
    const part = access(testContext('cp-1', referenceCluster({}, 'flatcar')));
    expect(part.files).toBeUndefined();
    expect(part.users).toMatchObject([
      { name: 'core', sudo: true, sshAuthorizedKeys: cluster.access.sshAuthorizedKeys },
    ]);
  });
});
