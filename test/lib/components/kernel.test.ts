import { describe, expect, it } from 'vitest';
import { kernel } from '../../../lib/components/kernel.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const cluster = referenceCluster();

/** Only the settings of our own network namespace can be written: all others are this machine's. */
const SHIELD = `
set -e
mount --bind /proc/sys/net /mnt
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind /mnt /proc/sys/net
ip link add cali1 type veth peer name eth7
`;

async function apply(name: string, keys: readonly string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await onMachine(
    [kernel(testContext(name, cluster))],
    `${SHIELD}sh /etc/keelway/bin/kernel 2>/dev/null\nsysctl ${keys.join(' ')}`,
    // As upstream's systemd has it; Debian's has not.
    { files: { '/usr/lib/sysctl.d/50-default.conf': 'net.ipv4.conf.*.rp_filter = 2\n' } },
  );
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout.trim().split('\n');
}

describe('the settings', () => {
  it('of a Kubernetes machine are applied by systemd’s own program, over the distribution’s', async () => {
    const keys = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.send_redirects', 'net.bridge.bridge-nf-call-iptables'];
    expect(await apply('worker-1', keys)).toEqual([
      'net.ipv4.ip_forward = 1',
      'net.ipv4.conf.all.send_redirects = 0',
      'net.bridge.bridge-nf-call-iptables = 1',
    ]);
  });

  it('make the check of pods’ addresses strict, which Calico insists on, whatever systemd gives to every interface', async () => {
    const keys = ['all', 'cali1'].map((name) => `net.ipv4.conf.${name}.rp_filter`);
    expect(await apply('cp-1', keys)).toEqual(['net.ipv4.conf.all.rp_filter = 0', 'net.ipv4.conf.cali1.rp_filter = 1']);
  });

  it('of an etcd machine route nothing and load nothing', async () => {
    expect(await apply('etcd-1', ['net.ipv4.ip_forward'])).toEqual(['net.ipv4.ip_forward = 0']);
    const paths = kernel(testContext('etcd-1', cluster)).files?.map(({ path }) => path);
    expect(paths).not.toContain('/etc/modules-load.d/90-keelway.conf');
  });

  it('are those that the kubelet insists on', () => {
    const file = kernel(testContext('cp-1', cluster)).files?.find(({ path }) => path.startsWith('/etc/sysctl.d/'));
    // kubelet, pkg/util/sysctl: what protectKernelDefaults compares.
    for (const line of [
      'vm.overcommit_memory = 1',
      'vm.panic_on_oom = 0',
      'kernel.panic = 10',
      'kernel.panic_on_oops = 1',
      'kernel.keys.root_maxkeys = 1000000',
      'kernel.keys.root_maxbytes = 25000000',
    ]) {
      expect(file?.contents).toContain(`${line}\n`);
    }
  });

  it('leave the VIP’s to 91-keelway-vip.conf', () => {
    for (const name of ['cp-1', 'worker-1', 'etcd-1']) {
      const contents = kernel(testContext(name, cluster))
        .files?.map((file) => file.contents)
        .join('');
      expect(contents).not.toMatch(/arp_ignore|arp_announce|fib_multipath/);
    }
  });
});

describe('the network programs', () => {
  it('leave foreign routes and pods’ interfaces alone: the real networkd reads it so', async () => {
    const { stdout, stderr } = await onMachine(
      [kernel(testContext('worker-1', cluster))],
      `ip link add cali1 type veth peer name eth7
install -d -o systemd-network -g systemd-network /run/systemd/netif
SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console timeout 2 /usr/lib/systemd/systemd-networkd >/log 2>&1
grep -E -o '(cali1|eth7): (Found|No) matching .*' /log
systemd-analyze cat-config systemd/networkd.conf | grep Foreign`,
    );
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'cali1: Found matching .network file: /etc/systemd/network/05-keelway-pods.network',
        'eth7: No matching .network found.',
        'ManageForeignRoutes=no',
        'ManageForeignRoutingPolicyRules=no',
      ]),
    );
  });

  it('are NetworkManager on Fedora CoreOS', () => {
    const coreos = referenceCluster({}, 'fedora-coreos');
    const file = kernel(testContext('worker-1', coreos)).files?.find(({ path }) => path.includes('NetworkManager'));
    expect(file?.contents).toMatch(/^\[keyfile\]\nunmanaged-devices=interface-name:cali\*;/);
  });
});
