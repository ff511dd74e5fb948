import { describe, expect, it } from 'vitest';
import { bird } from '../../../lib/components/bird.ts';
import { etcd } from '../../../lib/components/etcd.ts';
import { firewall, firewallRules } from '../../../lib/components/firewall.ts';
import { kubeProxy } from '../../../lib/components/kube-proxy.ts';
import { kubelet } from '../../../lib/components/kubelet.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { referenceCluster, testContext, testMachine } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const cluster = referenceCluster();
const stacked: Cluster = {
  ...cluster,
  etcd: { ...cluster.etcd, topology: 'stacked' },
  machines: ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map((address, index) =>
    testMachine(`cp-${index + 1}`, 'control-plane', address, { runsEtcd: true }),
  ),
};
const noVip: Cluster = { ...cluster, controlPlane: { ...cluster.controlPlane, vip: null } };

const LOAD = 'sh /etc/keelway/bin/firewall';
const RELOAD = `${LOAD} --reload`;
const SITE = '/etc/keelway/firewall.d';
const LOADED = '/run/keelway/firewall-loaded';

describe('the rules', () => {
  it.each([
    ['cp-1', cluster],
    ['etcd-1', cluster],
    ['worker-1', cluster],
    ['cp-1', stacked],
    ['worker-1', noVip],
  ])('of %s pass nft’s own check, and load twice', async (name, of) => {
    const { exitCode, stderr } = await onMachine(
      [firewall(testContext(name, of))],
      `nft -c -f /etc/keelway/firewall.nft && ${LOAD} && ${LOAD} && ${RELOAD} && [ "$(nft list tables)" = "table inet keelway" ]`,
    );
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('leave other tables alone, and take the administrator’s own', async () => {
    const { exitCode, stdout, stderr } = await onMachine(
      [firewall(testContext('worker-1', cluster))],
      `nft add table ip kube-proxy && ${LOAD} && nft list tables && nft list chain inet keelway site`,
      { files: { '/etc/keelway/firewall.d/10-site.nft': 'tcp dport 8443 accept\n' } },
    );
    expect(stderr).toBe('');
    expect(stdout).toContain('table ip kube-proxy');
    expect(stdout).toContain('tcp dport 8443 accept');
    expect(exitCode).toBe(0);
  });

  it('look at nothing that is forwarded', () => {
    for (const machine of cluster.machines) expect(firewallRules(cluster, machine)).not.toMatch(/hook (?!input)/);
  });
});

describe('a fault in the administrator’s rules', () => {
  const run = async (script: string, files: Readonly<Record<string, string>>) =>
    await onMachine([firewall(testContext('etcd-1', cluster))], script, { files });
  const SHOW = `nft list chain inet keelway input | grep -c 'etcd' ; nft list chain inet keelway site | grep -o 'dport [0-9]*'; [ -e ${LOADED} ] && echo loaded`;

  it('costs that file only, and is said', async () => {
    const { exitCode, stdout, stderr } = await run(`${LOAD}; ${SHOW}`, {
      [`${SITE}/10-good.nft`]: 'tcp dport 8443 accept\n',
      [`${SITE}/20-bad.nft`]: 'tcp dprt 8444 accept\n',
      [`${SITE}/30 good.nft`]: 'ip saddr @etcd tcp dport 8445 accept\n',
    });
    expect(stdout).toBe('5\ndport 8443\ndport 8445\nloaded\n');
    expect(stderr).toContain(`WARNING: ${SITE}/20-bad.nft has a fault and is left out`);
    expect(stderr).toContain('tcp dprt 8444 accept');
    expect(exitCode).toBe(0);
  });

  it('costs all of them when they do not go together', async () => {
    const { stdout, stderr } = await run(`${LOAD}; ${SHOW}`, {
      [`${SITE}/10-one.nft`]: 'tcp dport 8443 accept\n}\nset names { type ifname\n',
      [`${SITE}/20-two.nft`]: 'tcp dport 8444 accept\n}\nset names { type ipv4_addr\n',
    });
    expect(stdout).toBe('5\nloaded\n');
    expect(stderr).toContain('do not go together and are left out');
  });

  it('changes nothing at a reload, which fails', async () => {
    const { stdout, stderr } = await run(
      `${LOAD}; echo 'tcp dprt 1 accept' >${SITE}/20-bad.nft; echo 'tcp dport 8446 accept' >${SITE}/10-good.nft; ${RELOAD} || echo failed; ${SHOW}
rm ${SITE}/20-bad.nft; ${RELOAD}; ${SHOW}`,
      { [`${SITE}/10-good.nft`]: 'tcp dport 8443 accept\n' },
    );
    expect(stdout).toBe('failed\n5\ndport 8443\nloaded\n5\ndport 8446\nloaded\n');
    expect(stderr).toContain('nothing is changed');
  });

  it('lets nothing that listens start where our own rules cannot be loaded', async () => {
    const { exitCode, stdout } = await run(
      `sed -i 's/policy drop/policy drip/' /etc/keelway/firewall.nft; ${LOAD} || { code=$?; ls ${LOADED} 2>&1; exit $code; }`,
      {},
    );
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain('No such file');
    const context = testContext('cp-1', stacked);
    const units = [etcd(context), kubelet(context), kubeProxy(context), bird(context)].flatMap(
      ({ units: of }) => of ?? [],
    );
    for (const name of ['etcd', 'kubelet', 'kube-proxy', 'bird']) {
      const contents = units.find((unit) => unit.name === `${name}.service`)?.contents;
      expect(contents).toMatch(/^After=.* keelway-firewall\.service/m);
      expect(contents).toContain(`AssertPathExists=${LOADED}\n`);
      expect(contents).not.toMatch(/^(?:Requires|Requisite|BindsTo)=.*keelway-firewall/m);
    }
  });
});

/**
 * A machine with the rules, and a neighbour that takes any address of the subnet, each in a network namespace. `probe`
 * says whether a TCP connection from an address to a port is answered.
 */
function setup(address: string): string {
  return `
set -e
mkdir -p /run/netns
ip netns add machine
ip netns add neighbour
ip -n machine link set lo up
ip -n neighbour link add out type veth peer name eth0 netns machine
ip -n machine addr add ${address}/24 dev eth0
ip -n machine link set eth0 up
ip -n neighbour link set out up
for host in 1 11 12 21 22 31 32 77; do ip -n neighbour addr add 10.0.0.$host/24 dev out 2>/dev/null || :; done
ip -n neighbour addr del ${address}/24 dev out 2>/dev/null || :
ip -n neighbour addr add 10.244.7.7/32 dev out
ip -n machine route add 10.244.0.0/16 dev eth0
cat >/serve.py <<'END'
import selectors, socket, sys
chosen = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    one = socket.create_server(('0.0.0.0', port))
    one.setblocking(False)
    chosen.register(one, selectors.EVENT_READ)
print('ready', flush=True)
while True:
    for key, _ in chosen.select():
        key.fileobj.accept()[0].close()
END
cat >/probe.py <<'END'
import socket, sys
source, target, *ports = sys.argv[1:]
opened = []
for port in map(int, ports):
    try:
        socket.create_connection((target, port), timeout=0.3, source_address=(source, 0)).close()
        opened.append(port)
    except OSError:
        pass
print(source, *opened)
END
PORTS='22 179 2379 2380 2382 5473 6443 9100 10250 10256 10249 30080 2381 7445'
ip netns exec machine ${LOAD}
ip netns exec machine python3 /serve.py $PORTS >/ready &
until grep -qs ready /ready; do sleep 0.05; done
from() { ip netns exec neighbour python3 /probe.py "$1" ${address} $PORTS; }
`;
}

async function reach(name: string, address: string, sources: readonly string[], of = cluster): Promise<string[]> {
  const probes = sources.map((source) => `from ${source} >/from.${source} & waited="$waited $!"\n`).join('');
  const script = `${setup(address)}waited=\n${probes}wait $waited\ncat ${sources.map((source) => `/from.${source}`).join(' ')}`;
  const { exitCode, stdout, stderr } = await onMachine([firewall(testContext(name, of))], script);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout.trim().split('\n');
}

describe('real packets', () => {
  it('reach etcd from the control plane and its peers only', async () => {
    expect(await reach('etcd-1', '10.0.0.21', ['10.0.0.11', '10.0.0.22', '10.0.0.31', '10.0.0.77'])).toEqual([
      '10.0.0.11 22 2379 9100',
      '10.0.0.22 22 2379 2380 2382',
      '10.0.0.31 22 9100',
      '10.0.0.77 22',
    ]);
  });

  it('reach an API server from anywhere, its kubelet from Kubernetes machines and pods, BGP from peers', async () => {
    const sources = ['10.0.0.1', '10.0.0.12', '10.0.0.31', '10.0.0.77', '10.244.7.7', '10.0.0.21'];
    expect(await reach('cp-1', '10.0.0.11', sources)).toEqual([
      '10.0.0.1 22 179 6443 10256 30080',
      '10.0.0.12 22 179 5473 6443 9100 10250 10256 30080',
      '10.0.0.31 22 179 5473 6443 9100 10250 10256 30080',
      '10.0.0.77 22 6443 10256 30080',
      '10.244.7.7 22 179 5473 6443 9100 10250 10256 30080',
      '10.0.0.21 22 6443 10256 30080',
    ]);
  });

  it('of BFD reach a machine of the mesh from the others, and from no router', async () => {
    const script = `${setup('10.0.0.11')}
cat >/hear.py <<'END'
import socket
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind(('10.0.0.11', 3784))
heard.settimeout(2)
print('ready', flush=True)
while True:
    try:
        print(heard.recvfrom(64)[1][0], flush=True)
    except TimeoutError:
        break
END
ip netns exec machine python3 /hear.py >/heard & hear=$!
until grep -qs ready /heard; do sleep 0.05; done
for source in 10.0.0.12 10.0.0.31 10.0.0.1 10.0.0.77 10.0.0.21; do
  ip netns exec neighbour python3 -c "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('$source', 49152)); s.sendto(b'bfd', ('10.0.0.11', 3784))"
done
wait $hear; cat /heard`;
    const { stdout, stderr } = await onMachine([firewall(testContext('cp-1', cluster))], script);
    expect(stderr).toBe('');
    expect(stdout).toBe('ready\n10.0.0.12\n10.0.0.31\n');
  });

  it('do not reach a stacked etcd from workers', async () => {
    const of: Cluster = { ...stacked, machines: [...stacked.machines, testMachine('worker-1', 'worker', '10.0.0.31')] };
    expect(await reach('cp-1', '10.0.0.11', ['10.0.0.12', '10.0.0.31'], of)).toEqual([
      '10.0.0.12 22 179 2379 2380 2382 5473 6443 9100 10250 10256 30080',
      '10.0.0.31 22 179 5473 6443 9100 10250 10256 30080',
    ]);
  });

  it('reach everything but etcd from a pod of the machine, and etcd through no Service', async () => {
    const script = `${setup('10.0.0.11')}
ip netns add pod
ip -n pod link add eth0 type veth peer name cali123 netns machine
ip -n pod addr add 10.244.3.3/32 dev eth0
ip -n pod link set eth0 up
ip -n pod route add 10.0.0.11 dev eth0
ip -n pod route add 10.96.0.0/12 via 10.0.0.11 dev eth0
ip -n machine link set cali123 up
ip -n machine route add 10.244.3.3 dev cali123
ip netns exec machine nft 'add table ip services; add chain ip services prerouting { type nat hook prerouting priority dstnat; }; add rule ip services prerouting ip daddr 10.96.0.7 dnat to 10.0.0.11; add rule ip services prerouting tcp dport 30999 dnat to 10.0.0.11:2379'
ip netns exec pod python3 /probe.py 10.244.3.3 10.0.0.11 $PORTS
ip netns exec pod python3 /probe.py 10.244.3.3 10.96.0.7 2379 2380 2382 6443
ip netns exec neighbour python3 /probe.py 10.0.0.77 10.0.0.11 30999
ip netns exec neighbour python3 /probe.py 10.0.0.12 10.0.0.11 30999 2379 2380`;
    const { stdout, stderr } = await onMachine([firewall(testContext('cp-1', stacked))], script);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      '10.244.3.3 22 179 5473 6443 9100 10250 10256 10249 30080 2381 7445',
      '10.244.3.3 6443',
      '10.0.0.77',
      '10.0.0.12 30999 2379 2380',
    ]);
  });

  it('reach everything from the machine itself, and pings are answered', async () => {
    const script = `${setup('10.0.0.31')}
ip netns exec machine python3 /probe.py 127.0.0.1 127.0.0.1 $PORTS
ip netns exec machine python3 /probe.py 10.0.0.31 10.0.0.31 $PORTS
ip netns exec neighbour ping -c 1 -W 2 -q 10.0.0.31 | grep -c ' 0% packet loss'`;
    const { stdout, stderr } = await onMachine([firewall(testContext('worker-1', cluster))], script);
    expect(stderr).toBe('');
    const all = '22 179 2379 2380 2382 5473 6443 9100 10250 10256 10249 30080 2381 7445';
    expect(stdout.trim().split('\n')).toEqual([`127.0.0.1 ${all}`, `10.0.0.31 ${all}`, '1']);
  });

  it('reach a pod on the host’s network through a Service, whatever its port', async () => {
    const script = `${setup('10.0.0.31')}
ip netns exec machine python3 /serve.py 9999 >/ready2 &
until grep -qs ready /ready2; do sleep 0.05; done
ip netns exec machine nft 'add table ip services; add chain ip services prerouting { type nat hook prerouting priority dstnat; }; add rule ip services prerouting tcp dport 30999 dnat to 10.0.0.31:9999'
ip netns exec neighbour python3 /probe.py 10.0.0.77 10.0.0.31 30999 9999`;
    const { stdout, stderr } = await onMachine([firewall(testContext('worker-1', cluster))], script);
    expect(stderr).toBe('');
    expect(stdout).toBe('10.0.0.77 30999\n');
  });
});
