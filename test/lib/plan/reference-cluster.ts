import type { Cluster, ClusterInputs, LockedAsset } from '../../../lib/model/cluster.ts';
import type { Machine, MachineRole, OperatingSystem } from '../../../lib/model/machine.ts';
import type { IssuedCertificate, PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { MachineContext } from '../../../lib/plan/machine-plan.ts';

/** Creation of the test bundle: 21 November 2026. */
export const CREATED_SECONDS = 1_795_219_200;

/** A machine of the reference topology; `changes` win. */
export function testMachine(name: string, role: MachineRole, address: string, changes: Partial<Machine> = {}): Machine {
  const last = Number(address.split('.')[3]);
  return {
    name,
    role,
    address,
    macs: [`52:54:00:0a:00:${last.toString(16).padStart(2, '0')}`],
    uuid: null,
    serial: null,
    interfaceName: null,
    os: 'debian',
    configFormat: 'cloud-init',
    runsEtcd: role === 'etcd',
    runsKubelet: role !== 'etcd',
    installDisk: null,
    dataDisk: role === 'etcd' ? { serial: name.toUpperCase() } : null,
    labels: {},
    taints: [],
    ...changes,
  };
}

/** The reference topology of the design, resolved, every machine with the same OS. */
export function referenceCluster(changes: Partial<Cluster> = {}, os: OperatingSystem = 'debian'): Cluster {
  const format = os === 'debian' || os === 'ubuntu' ? 'cloud-init' : 'ignition';
  const machine = (name: string, role: MachineRole, address: string) =>
    testMachine(name, role, address, { os, configFormat: format });
  return {
    name: 'ha',
    versions: { kubernetes: '1.36.4', etcd: '3.6.16', kubeVip: '1.2.4', pause: '3.10.2' },
    network: {
      nodeSubnet: '10.0.0.0/24',
      podCidr: '10.244.0.0/16',
      serviceCidr: '10.96.0.0/12',
      domain: 'cluster.local',
      gateway: '10.0.0.1',
      nameservers: ['10.0.0.1'],
      searchDomains: [],
      timeServers: ['10.0.0.1'],
      mtu: null,
      kubernetesServiceAddress: '10.96.0.1',
      dnsServiceAddress: '10.96.0.10',
    },
    controlPlane: {
      endpoint: { host: '10.0.0.100', port: 6443 },
      port: 6443,
      vip: {
        address: '10.0.0.100',
        profile: 'bgp-mesh',
        onLink: 'arp',
        inNodeSubnet: true,
        bgp: {
          asn: 64512,
          routers: [{ address: '10.0.0.1', asn: 64500, passwordFile: null, multihop: false }],
          workers: true,
          holdTimeSeconds: 9,
          keepaliveSeconds: 3,
          passwordFile: null,
        },
      },
      certSANs: [],
      schedulable: false,
    },
    etcd: {
      topology: 'external',
      dataDirectory: '/var/lib/etcd',
      quotaBackendBytes: 8 * 2 ** 30,
      initialClusterState: 'new',
      joining: null,
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1000,
    },
    pki: {
      keyAlgorithm: 'ECDSA-P256',
      caValiditySeconds: 87_600 * 3600,
      leafValiditySeconds: 8760 * 3600,
      renewBeforeSeconds: 2920 * 3600,
      backdateSeconds: 3600,
      nodeSigner: 'online',
    },
    access: { user: 'core', sshAuthorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ops@example.com'] },
    registries: [],
    gitops: null,
    machines: [
      machine('cp-1', 'control-plane', '10.0.0.11'),
      machine('cp-2', 'control-plane', '10.0.0.12'),
      machine('cp-3', 'control-plane', '10.0.0.13'),
      machine('etcd-1', 'etcd', '10.0.0.21'),
      machine('etcd-2', 'etcd', '10.0.0.22'),
      machine('worker-1', 'worker', '10.0.0.31'),
      machine('worker-2', 'worker', '10.0.0.32'),
      machine('worker-3', 'worker', '10.0.0.33'),
    ],
    ...changes,
  };
}

/** A bundle whose PEM texts only look like PEM: for tests that never hand them to a program. */
export function fakePki(cluster: Cluster): PkiBundle {
  const trust = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
  const leaves = new Map<string, IssuedCertificate>();
  for (const machine of cluster.machines) {
    for (const leaf of LEAVES) leaves.set(`${machine.name}/${leaf}`, fakeLeaf(`${machine.name}/${leaf}`));
  }
  return {
    trust: {
      kubernetes: trust('kubernetes'),
      'node-signer': trust('node-signer'),
      etcd: trust('etcd'),
      'etcd-peer': trust('etcd-peer'),
      'front-proxy': trust('front-proxy'),
    },
    leaves,
    nodeSigner: { certificatePem: trust('node-signer'), keyPem: key('node-signer') },
    serviceAccount: { privateKeyPem: key('sa'), publicKeysPem: [key('sa').replaceAll('PRIVATE', 'PUBLIC')] },
    encryptionKeys: [{ name: 'key1', secretBase64: 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDA=' }],
    etcdToken: 'ha-0123456789abcdef',
    createdSeconds: CREATED_SECONDS,
  };
}

const LEAVES = [
  ...['apiserver', 'apiserver-kubelet-client', 'apiserver-etcd-client', 'front-proxy-client', 'controller-manager'],
  ...['scheduler', 'kube-vip', 'kubelet-client', 'kubelet-serving', 'kube-proxy'],
  ...['etcd-server', 'etcd-peer', 'etcd-healthcheck-client'],
];

function fakeLeaf(id: string): IssuedCertificate {
  return {
    id,
    certificatePem: `-----BEGIN CERTIFICATE-----\n${id}\n-----END CERTIFICATE-----\n`,
    keyPem: key(id),
    notBeforeSeconds: CREATED_SECONDS - 3600,
    notAfterSeconds: CREATED_SECONDS + 8760 * 3600,
    fingerprint: '00'.repeat(32),
  };
}

function key(id: string): string {
  return `-----BEGIN PRIVATE KEY-----\n${id}-key\n-----END PRIVATE KEY-----\n`;
}

export function testInputs(changes: Partial<ClusterInputs> = {}): ClusterInputs {
  return { files: {}, assets: [], ...changes };
}

/** Every lock entry that some machine of a 1.36.4 cluster may need, with made-up hashes. */
export const LOCKED_ASSETS: readonly LockedAsset[] = [
  asset('kubelet', '1.36.4', 'binary'),
  asset('kube-proxy', '1.36.4', 'binary'),
  asset('kubectl', '1.36.4', 'binary'),
  asset(
    'etcd',
    '3.6.16',
    'tar.gz',
    ['etcd', 'etcdctl', 'etcdutl'].map((name) => `etcd-v3.6.16-linux-amd64/${name}`),
  ),
  asset('containerd', '2.3.4', 'tar.gz', ['bin/containerd', 'bin/ctr', 'bin/containerd-shim-runc-v2']),
  asset('runc', '1.4.3', 'binary'),
  asset('cni-plugins', '1.9.1', 'tar.gz', ['./bridge', './loopback', './host-local', './portmap']),
  asset('crictl', '1.36.0', 'tar.gz', ['crictl']),
  asset('haproxy', '3.2.6', 'oci'),
  asset('bird', '2.17.1', 'oci'),
];

function asset(name: string, version: string, kind: LockedAsset['kind'], members: readonly string[] = []): LockedAsset {
  const sha256 = Array.from(name)
    .reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
    .toString(16)
    .padStart(64, 'a');
  const url =
    kind === 'oci' ? `registry.example.com/${name}:${version}@sha256:${sha256}` : `https://dl.example.com/${name}`;
  return { name, version, architecture: 'amd64', url, sha256, kind, members };
}

/** What a component of the named machine sees. */
export function testContext(
  name: string,
  cluster: Cluster = referenceCluster(),
  inputs = testInputs(),
): MachineContext {
  const machine = cluster.machines.find((each) => each.name === name);
  if (machine === undefined) throw new Error(`no machine ${name} in the test cluster`);
  return { cluster, machine, pki: fakePki(cluster), inputs };
}
