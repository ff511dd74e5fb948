import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubeVip } from '../../../lib/components/kube-vip.ts';
import { vipSysctl } from '../../../lib/components/vip-sysctl.ts';
import { vipWatch } from '../../../lib/components/vip-watch.ts';
import type { BgpRouter, Cluster, Vip } from '../../../lib/model/cluster.ts';
import { vipParts } from '../../../lib/plan/vip.ts';
import { unitCommands } from '../../harness/unit-commands.ts';
import { referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';

const MESH = referenceCluster().controlPlane.vip as Vip;

function withVip(vip: Vip | null): Cluster {
  const cluster = referenceCluster();
  return { ...cluster, controlPlane: { ...cluster.controlPlane, vip } };
}

const router = (changes: Partial<BgpRouter> = {}): BgpRouter => ({
  address: '10.0.0.1',
  asn: 64_500,
  passwordFile: null,
  multihop: false,
  ...changes,
});
const bgpRouter = (...routers: readonly BgpRouter[]): Cluster =>
  withVip({
    ...MESH,
    profile: 'bgp-router',
    onLink: 'none',
    bgp: { ...(MESH.bgp as NonNullable<Vip['bgp']>), workers: false, routers },
  });
const ARP = withVip({ ...MESH, profile: 'arp', onLink: 'arp', bgp: null });

const INPUTS = testInputs({ files: { 'router.txt': 'hunter2\n' } });

function pod(cluster: Cluster, change = (context: ReturnType<typeof testContext>) => context) {
  const part = kubeVip(change(testContext('cp-1', cluster, INPUTS)));
  const file = part.files?.find(({ path }) => path === '/etc/kubernetes/manifests/kube-vip.yaml');
  const [container] = parse(file?.contents ?? '').spec.containers;
  const environment = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  return { part, container, environment, text: file?.contents ?? '' };
}

const COMMON = {
  vip_nodename: 'cp-1',
  cp_enable: 'true',
  svc_enable: 'false',
  address: '10.0.0.100',
  vip_subnet: '32',
  port: '6443',
  k8s_config_file: '/etc/kube-vip/kubeconfig',
  kubernetes_addr: 'https://127.0.0.1:6443',
  prometheus_server: '127.0.0.1:2112',
};
const HEALTH = {
  control_plane_health_check_address: 'https://127.0.0.1:6443/readyz',
  control_plane_health_check_ca_path: '/etc/kube-vip/ca.crt',
};

describe('kubeVip', () => {
  it('in profile arp is elected on the interface of the default route, or the one that is named', () => {
    const { environment } = pod(ARP);
    expect(environment).toEqual({
      ...COMMON,
      vip_arp: 'true',
      vip_leaderelection: 'true',
      vip_leasename: 'plndr-cp-lock',
      vip_leaseduration: '5',
      vip_renewdeadline: '3',
      vip_retryperiod: '1',
      cp_namespace: 'kube-system',
    });
    const named = pod(ARP, (context) => ({ ...context, machine: { ...context.machine, interfaceName: 'eno1' } }));
    expect(named.environment.vip_interface).toBe('eno1');
  });

  it('in profile arp must be able to find the interface', () => {
    const lost = { ...ARP, network: { ...ARP.network, gateway: null } };
    expect(() => pod(lost)).toThrow(/must know the interface of cp-1/);
  });

  it('in profile bgp-router dials each router, health first', () => {
    const { environment, container } = pod(bgpRouter(router(), router({ address: '192.0.2.9', multihop: true })));
    expect(environment).toMatchObject({
      ...COMMON,
      ...HEALTH,
      bgp_enable: 'true',
      bgp_as: '64512',
      bgp_routerid: '10.0.0.11',
      bgp_sourceip: '10.0.0.11',
      bgp_peers: '10.0.0.1:64500::false,192.0.2.9:64500::true',
      bgp_hold_time: '9',
      bgp_keepalive_interval: '3',
      vip_interface: 'lo',
      vip_leaderelection: 'false',
    });
    expect(container.args).toEqual(['manager']);
  });

  it('keeps a password out of the pod: it goes into a file of its own', () => {
    const { part, container, environment, text } = pod(
      bgpRouter(router({ passwordFile: 'router.txt' }), router({ address: '10.0.0.2' })),
    );
    expect(environment.bgp_peers).toBeUndefined();
    expect(container.args).toEqual(['manager', '--config-file', '/etc/kube-vip/peers.json']);
    expect(text).not.toContain('hunter2');
    const peers = part.files?.find(({ path }) => path === '/etc/kube-vip/peers.json');
    expect(peers).toMatchObject({ mode: 0o600, owner: 'root', secret: true });
    expect(JSON.parse(peers?.contents ?? '')).toEqual({
      BGPConfig: {
        Peers: [
          { Address: '10.0.0.1', AS: 64_500, Port: 179, MultiHop: false, Password: 'hunter2' },
          { Address: '10.0.0.2', AS: 64_500, Port: 179, MultiHop: false, Password: '' },
        ],
      },
    });
  });

  it('in profile bgp-mesh keeps the address on lo while the API server is ready', () => {
    expect(pod(withVip(MESH)).environment).toMatchObject({
      ...COMMON,
      ...HEALTH,
      vip_routingtable: 'true',
      vip_interface: 'lo',
      vip_leaderelection: 'false',
      backend_health_check_interval: '2',
    });
  });

  it.each([
    ['arp', ARP],
    ['bgp-router', bgpRouter(router())],
    ['bgp-mesh', withVip(MESH)],
  ])('in profile %s has one mode, two capabilities, a read-only root and nothing of the API', (_, cluster) => {
    const { container, environment, text } = pod(cluster);
    const modes = ['vip_arp', 'bgp_enable', 'vip_routingtable', 'vip_wireguard'].filter((name) => name in environment);
    expect(modes).toHaveLength(1);
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
    });
    expect(text).not.toMatch(/serviceAccount|configMap|secretName|hostAliases/);
  });

  it('is recreated when a file changes that it reads at its start', () => {
    const annotation = (text: string) => /restart-on-change: (.*)/.exec(text)?.[1];
    const change = (context: ReturnType<typeof testContext>) => ({
      ...context,
      pki: { ...context.pki, trust: { ...context.pki.trust, kubernetes: 'new' } },
    });
    expect(annotation(pod(ARP).text)).not.toBe(annotation(pod(ARP, change).text));
  });
});

describe('vipSysctl', () => {
  const settings = (cluster: Cluster, name = 'cp-1') =>
    vipSysctl(testContext(name, cluster)).files?.[0]?.contents ?? '';

  it.each([
    ['bgp-mesh, onLink arp', withVip(MESH)],
    ['bgp-mesh, onLink none', withVip({ ...MESH, onLink: 'none' })],
    ['bgp-router', bgpRouter(router())],
  ])('in %s the address on lo is answered for by nobody', (_, cluster) => {
    expect(settings(cluster)).toContain('net.ipv4.conf.all.arp_ignore = 1\n');
    expect(settings(cluster)).toContain('net.ipv4.conf.all.arp_announce = 2\n');
  });

  it('leaves profile arp alone', () => {
    expect(settings(ARP)).toBe('');
  });

  it('spreads a worker’s connections by ports', () => {
    expect(settings(withVip(MESH), 'worker-1')).toBe(
      'net.ipv4.fib_multipath_hash_policy = 1\nnet.ipv4.fib_multipath_use_neigh = 1\n',
    );
  });
});

describe('vipWatch', () => {
  const command = (cluster: Cluster) => {
    const [unit] = vipWatch(testContext('cp-2', cluster)).units ?? [];
    return unit === undefined ? undefined : unitCommands(unit.contents ?? '').start[0]?.argv.slice(2);
  };
  const READYZ = ['10.0.0.100', 'https://127.0.0.1:6443/readyz', '/etc/kube-vip/ca.crt'];

  it('asks the API server in the mesh, and answers ARP where the file says so', () => {
    expect(command(withVip(MESH))).toEqual([...READYZ, '10.0.0.12', '3']);
    expect(command(withVip({ ...MESH, onLink: 'none' }))).toEqual(READYZ);
    expect(command(withVip({ ...MESH, inNodeSubnet: false }))).toEqual(READYZ);
  });

  it('asks kube-vip in profile arp, and has nothing to do in bgp-router', () => {
    expect(command(ARP)).toEqual(['10.0.0.100', 'http://127.0.0.1:2112/metrics', '']);
    expect(command(bgpRouter(router()))).toBeUndefined();
  });
});

describe('vipParts', () => {
  const paths = (name: string, cluster: Cluster) =>
    vipParts(testContext(name, cluster))
      .flatMap(({ files }) => files ?? [])
      .map(({ path }) => path);

  it('is on the control plane, and on workers in the mesh', () => {
    expect(paths('cp-1', withVip(MESH))).toEqual(
      expect.arrayContaining([
        '/etc/kubernetes/manifests/kube-vip.yaml',
        '/etc/bird/bird.conf',
        '/etc/sysctl.d/91-keelway-vip.conf',
        '/etc/keelway/bin/vip-watch',
      ]),
    );
    expect(paths('worker-1', withVip(MESH))).toEqual(['/etc/bird/bird.conf', '/etc/sysctl.d/91-keelway-vip.conf']);
    expect(paths('etcd-1', withVip(MESH))).toEqual([]);
    expect(paths('worker-1', ARP)).toEqual([]);
    expect(paths('cp-1', bgpRouter(router()))).not.toContain('/etc/bird/bird.conf');
    expect(paths('cp-1', withVip(null))).toEqual([]);
  });
});
