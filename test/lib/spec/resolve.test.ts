import { describe, expect, it } from 'vitest';
import { parseClusterSpec } from '../../../lib/spec/parse.ts';
import { resolveCluster } from '../../../lib/spec/resolve.ts';
import { clusterOf, exampleCluster, exampleNames, exampleText, parseExample } from '../../support/clusters.ts';
import { findingsOf } from '../../support/findings.ts';

/** Warnings that an expert would give; nothing else may be said about an example. */
const expectedWarnings: Readonly<Record<(typeof exampleNames)[number], readonly string[]>> = {
  ha: ['ETCD_NO_FAULT_TOLERANCE'],
  'ha-3etcd': [],
  stacked: [],
  single: ['ETCD_SINGLE_MEMBER'],
  mixed: [],
};

describe('the examples', () => {
  it.each(exampleNames)('%s: only the expected warnings', (name) => {
    expect(findingsOf(exampleText(name)).map(({ code }) => code)).toEqual(expectedWarnings[name]);
  });

  it('ha is the reference topology as drawn', () => {
    const { machines, controlPlane, etcd, network } = exampleCluster('ha');
    expect(machines.map(({ name, role, address }) => `${name} ${role} ${address}`)).toEqual([
      'cp-1 control-plane 10.0.0.11',
      'cp-2 control-plane 10.0.0.12',
      'cp-3 control-plane 10.0.0.13',
      'etcd-1 etcd 10.0.0.21',
      'etcd-2 etcd 10.0.0.22',
      'worker-1 worker 10.0.0.31',
      'worker-2 worker 10.0.0.32',
      'worker-3 worker 10.0.0.33',
    ]);
    expect(controlPlane.endpoint).toEqual({ host: '10.0.0.100', port: 6443 });
    expect(controlPlane.vip).toMatchObject({
      address: '10.0.0.100',
      profile: 'bgp-mesh',
      onLink: 'arp',
      inNodeSubnet: true,
    });
    expect(etcd).toMatchObject({ topology: 'external', dataDirectory: '/var/lib/etcd' });
    expect([network.kubernetesServiceAddress, network.dnsServiceAddress]).toEqual(['10.96.0.1', '10.96.0.10']);
    expect(machines.filter(({ runsEtcd }) => runsEtcd).map(({ dataDisk }) => dataDisk)).toEqual([
      { serial: 'ETCD1' },
      { serial: 'ETCD2' },
    ]);
  });

  it('mixed has every operating system with the format that it takes', () => {
    const formats = new Map(exampleCluster('mixed').machines.map(({ os, configFormat }) => [os, configFormat]));
    expect(Object.fromEntries(formats)).toEqual({
      debian: 'cloud-init',
      flatcar: 'ignition',
      'fedora-coreos': 'ignition',
      ubuntu: 'cloud-init',
    });
  });
});

const small = `apiVersion: keelway.dev/v1alpha1
kind: Cluster
metadata: {name: small}
spec:
  versions: {kubernetes: 1.36.4, etcd: 3.6.16}
  network: {nodeSubnet: 10.0.0.0/24}
  controlPlane: {endpoint: "10.0.0.11:6443"}
  machines:
    - {name: m, role: control-plane, address: 10.0.0.11, mac: 52:54:00:0a:00:0b, dataDisk: {serial: D}}
    - {name: w, role: worker, address: 10.0.0.12, mac: 52:54:00:0a:00:0c}
`;

describe('resolveCluster', () => {
  it('fills every default', () => {
    expect(clusterOf(small)).toEqual({
      name: 'small',
      versions: { kubernetes: '1.36.4', etcd: '3.6.16', kubeVip: '1.2.4', pause: '3.10.2' },
      network: {
        nodeSubnet: '10.0.0.0/24',
        podCidr: '10.244.0.0/16',
        serviceCidr: '10.96.0.0/12',
        domain: 'cluster.local',
        gateway: null,
        nameservers: [],
        searchDomains: [],
        timeServers: [],
        mtu: null,
        kubernetesServiceAddress: '10.96.0.1',
        dnsServiceAddress: '10.96.0.10',
      },
      controlPlane: {
        endpoint: { host: '10.0.0.11', port: 6443 },
        port: 6443,
        vip: null,
        certSANs: [],
        schedulable: false,
      },
      etcd: {
        topology: 'stacked',
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
      access: { user: 'core', sshAuthorizedKeys: [] },
      registries: [],
      gitops: null,
      machines: [
        {
          name: 'm',
          role: 'control-plane',
          address: '10.0.0.11',
          macs: ['52:54:00:0a:00:0b'],
          uuid: null,
          serial: null,
          interfaceName: null,
          os: 'debian',
          configFormat: 'cloud-init',
          runsEtcd: true,
          runsKubelet: true,
          installDisk: null,
          dataDisk: { serial: 'D' },
          labels: {},
          taints: [],
        },
        expect.objectContaining({ name: 'w', runsEtcd: false, runsKubelet: true, dataDisk: null }),
      ],
    });
  });

  it('gives defaults to the machines whose role can use them; the machine wins, labels merge', () => {
    const defaults = `  machineDefaults:
    os: ubuntu
    interface: eno1
    dataDisk: {path: /dev/disk/by-path/pci-0000:02:00.0-nvme-1}
    labels: {rack: a, z: "1"}
    taints: [{key: dedicated, effect: NoSchedule}]
  machines:`;
    const text = small
      .replace('  machines:', defaults)
      .replace(', dataDisk: {serial: D}', '')
      .replace('00:0c}', '00:0c, os: flatcar, labels: {rack: b, a: "2"}, taints: []}');
    const [m, w] = clusterOf(text).machines;
    expect(m).toMatchObject({ os: 'ubuntu', interfaceName: 'eno1', labels: { rack: 'a', z: '1' } });
    expect(m?.taints).toEqual([{ key: 'dedicated', value: '', effect: 'NoSchedule' }]);
    expect(m?.dataDisk).toEqual({ path: '/dev/disk/by-path/pci-0000:02:00.0-nvme-1' });
    expect(w).toMatchObject({ os: 'flatcar', configFormat: 'ignition', dataDisk: null, taints: [] });
    expect(Object.entries(w?.labels ?? {})).toEqual([
      ['a', '2'],
      ['rack', 'b'],
      ['z', '1'],
    ]);
  });

  it('takes the address of the virtual IP from the endpoint, or its own behind a name', () => {
    const vip = (endpoint: string, settings: string): string =>
      small
        .replace('{endpoint: "10.0.0.11:6443"}', `{endpoint: "${endpoint}", vip: ${settings}}`)
        .replace('0/24}', '0/24, gateway: 10.0.0.1}');
    expect(clusterOf(vip('10.0.0.100:6443', '{profile: arp}')).controlPlane.vip).toEqual({
      address: '10.0.0.100',
      profile: 'arp',
      onLink: 'arp',
      inNodeSubnet: true,
      bgp: null,
    });
    const named = vip('api.example.com:443', '{profile: bgp-mesh, address: 10.9.9.9, bgp: {asn: 64512}}');
    expect(clusterOf(named).controlPlane).toMatchObject({
      endpoint: { host: 'api.example.com', port: 443 },
      port: 443,
      vip: {
        address: '10.9.9.9',
        onLink: 'none',
        inNodeSubnet: false,
        bgp: { holdTimeSeconds: 9, keepaliveSeconds: 3, workers: false },
      },
    });
  });

  it('does not change what it is given and gives the same twice', () => {
    const { spec } = parseExample('mixed');
    const before = JSON.stringify(spec);
    const [first, second] = [resolveCluster(spec!), resolveCluster(spec!)];
    expect(JSON.stringify(spec)).toBe(before);
    expect(first).toEqual(second);
  });

  it('reads the same from text and bytes, LF and CRLF, with and without a byte order mark', () => {
    const cluster = clusterOf(small);
    for (const input of [
      new TextEncoder().encode(small),
      small.replaceAll('\n', '\r\n'),
      `\ufeff${small}`,
      new TextEncoder().encode(`\ufeff${small}`),
    ]) {
      const { spec } = parseClusterSpec(input);
      expect(resolveCluster(spec!).cluster).toEqual(cluster);
    }
  });

  it('holds 5000 machines', () => {
    const machines = Array.from({ length: 5000 }, (_, index) => {
      const [high, low] = [index >> 8, index & 255].map((value) => value.toString(16).padStart(2, '0'));
      return `    - {name: w-${index}, role: worker, address: 10.0.${1 + (index >> 8)}.${index & 255}, mac: 52:54:00:0b:${high}:${low}}\n`;
    });
    const text = small.replace('10.0.0.0/24}', '10.0.0.0/16, podCIDR: 172.16.0.0/13}') + machines.join('');
    expect(clusterOf(text).machines).toHaveLength(5002);
  });
});
