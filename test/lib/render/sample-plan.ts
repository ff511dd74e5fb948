import type { OperatingSystem } from '../../../lib/model/machine.ts';
import type { MachinePlan, PlannedFile } from '../../../lib/plan/machine-plan.ts';

function file(path: string, contents: string, changes: Partial<PlannedFile> = {}): PlannedFile {
  return { path, contents, mode: 0o644, owner: 'root', group: 'root', secret: false, ...changes };
}

/** A small plan that has one of everything, with text that quoting, escaping and YAML readers stumble over. */
export function samplePlan(os: OperatingSystem = 'debian', changes: Partial<MachinePlan> = {}): MachinePlan {
  return {
    machine: {
      name: 'node-1',
      role: 'worker',
      address: '10.0.0.31',
      macs: ['52:54:00:12:34:56'],
      uuid: null,
      serial: null,
      interfaceName: null,
      os,
      configFormat: os === 'debian' || os === 'ubuntu' ? 'cloud-init' : 'ignition',
      runsEtcd: false,
      runsKubelet: true,
      installDisk: null,
      dataDisk: null,
      labels: {},
      taints: [],
    },
    clusterName: 'sample',
    hostname: 'node-1',
    network: {
      address: '10.0.0.31',
      prefixLength: 24,
      macAddress: '52:54:00:12:34:56',
      interfaceName: null,
      gateway: '10.0.0.1',
      nameservers: ['10.0.0.1', '10.0.0.2'],
      searchDomains: ['example.com'],
      mtu: 1500,
    },
    files: [
      file('/etc/keelway/plain.conf', 'one\ntwo\n'),
      file('/etc/keelway/bin/run', '#!/bin/sh\nset -eu\necho "$1" | grep -q \'a?b#c%20\'\n', { mode: 0o755 }),
      file(
        '/etc/keelway/tricky',
        ' leading\n\ttab\n\nno: NO\n0o17\n"quotes" \\ and \'ticks\'\n# hash ? mark % sign\n\n\n',
      ),
      file('/etc/keelway/crlf', 'one\r\ntwo\r\n'),
      file('/etc/keelway/unicode', 'Kubernetes Schlüssel \u{1f511}\u0085\u2028\ufeff\u00a0end'),
      file('/etc/keelway/number', '52:54:00:12:34:56'),
      file('/etc/keelway/empty', ''),
      file('/etc/keelway/deep/down/below.conf', 'x: |\n  text\n    more\n  \n  end\n'),
      file('/etc/kubernetes/pki/key.pem', '-----BEGIN PRIVATE KEY-----\nMIGH+/=\n-----END PRIVATE KEY-----\n', {
        mode: 0o600,
        secret: true,
      }),
      file('/etc/store/pki/server.key', 'store key\n', { mode: 0o600, owner: 'store', group: 'store', secret: true }),
      file('/etc/store/pki/ca.crt', 'store ca\n', { mode: 0o640, owner: 'root', group: 'store' }),
    ],
    directories: [
      { path: '/etc/kubernetes/pki', mode: 0o700, owner: 'root', group: 'root' },
      { path: '/etc/store/pki', mode: 0o750, owner: 'store', group: 'store' },
      { path: '/var/lib/store', mode: 0o700, owner: 'store', group: 'store' },
      { path: '/etc/kubernetes', mode: 0o755, owner: 'root', group: 'root' },
    ],
    links: [{ path: '/etc/keelway/current', target: '/etc/keelway/plain.conf' }],
    units: [
      {
        name: 'keelway.target',
        contents: '[Unit]\nDescription=Keelway\n\n[Install]\nWantedBy=multi-user.target\n',
        enabled: true,
        masked: false,
        dropIns: [],
      },
      {
        name: 'store.service',
        contents:
          '[Unit]\nDescription=Store\n\n[Service]\nUser=store\nExecStart=/bin/true \\\n  --flag\n\n[Install]\nWantedBy=keelway.target\n',
        enabled: true,
        masked: false,
        dropIns: [{ name: '10-limits.conf', contents: '[Service]\nLimitNOFILE=65536\n' }],
      },
      {
        name: 'idle.service',
        contents: '[Service]\nExecStart=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n',
        enabled: false,
        masked: false,
        dropIns: [],
      },
      { name: 'swap.target', contents: null, enabled: false, masked: true, dropIns: [] },
      {
        name: 'systemd-networkd.service',
        contents: null,
        enabled: false,
        masked: false,
        dropIns: [{ name: '10-keelway.conf', contents: '[Service]\nRestart=always\n' }],
      },
    ],
    users: [
      {
        name: 'core',
        system: false,
        homeDirectory: '/home/core',
        shell: '/bin/bash',
        groups: [],
        sshAuthorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE ops@example.com'],
        sudo: true,
      },
      {
        name: 'store',
        system: true,
        homeDirectory: '/var/lib/store',
        shell: '/usr/sbin/nologin',
        groups: [],
        sshAuthorizedKeys: [],
        sudo: false,
      },
    ],
    downloads: [],
    packages: [],
    ...changes,
  };
}
