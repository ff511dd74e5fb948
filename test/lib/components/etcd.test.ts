import { describe, expect, it } from 'vitest';
import { etcd } from '../../../lib/components/etcd.ts';
import { etcdFlags } from '../../../lib/components/etcd-flags.ts';
import { etcdSnapshot } from '../../../lib/components/etcd-snapshot.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { etcdParts } from '../../../lib/plan/etcd.ts';
import { unitCommands } from '../../harness/unit-commands.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const withVersion = (version: string): Cluster => {
  const cluster = referenceCluster();
  return { ...cluster, versions: { ...cluster.versions, etcd: version } };
};

const flags = (cluster: Cluster = referenceCluster(), name = 'etcd-1') =>
  etcdFlags(cluster, testContext(name, cluster).machine, 'token');

describe('etcdFlags', () => {
  it('names each flag once, as --name=value', () => {
    const names = flags().map((flag) => /^--([a-z-]+)=./.exec(flag)?.[1]);
    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    '--name=etcd-1',
    '--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.21:2379',
    '--advertise-client-urls=https://10.0.0.21:2379',
    '--listen-peer-urls=https://10.0.0.21:2380',
    '--initial-advertise-peer-urls=https://10.0.0.21:2380',
    '--initial-cluster=etcd-1=https://10.0.0.21:2380,etcd-2=https://10.0.0.22:2380',
    '--initial-cluster-state=new',
    '--client-cert-auth=true',
    '--peer-client-cert-auth=true',
    '--peer-cert-allowed-hostname=etcd-1,etcd-2',
    '--trusted-ca-file=/etc/etcd/pki/ca.crt',
    '--peer-trusted-ca-file=/etc/etcd/pki/peer-ca.crt',
    '--quota-backend-bytes=8589934592',
    '--listen-metrics-urls=http://127.0.0.1:2381',
    '--heartbeat-interval=100',
    '--election-timeout=1000',
  ])('has %s', (flag) => {
    expect(flags()).toContain(flag);
  });

  it.each([
    ['3.5.7', { experimental: true, tls: false, list: false }],
    ['3.5.14', { experimental: true, tls: true, list: false }],
    ['3.5.35', { experimental: true, tls: true, list: true }],
    ['3.6.16', { experimental: false, tls: true, list: true }],
    ['3.7.3', { experimental: false, tls: true, list: true }],
  ])('follows etcd %s', (version, { experimental, tls, list }) => {
    const text = flags(withVersion(version)).join(' ');
    expect(text.includes('--experimental-')).toBe(experimental);
    expect(text.includes('--feature-gates=')).toBe(!experimental);
    expect(text.includes('--tls-min-version=TLS1.3')).toBe(tls);
    expect(text.includes('--peer-cert-allowed-hostname=')).toBe(list);
  });

  it('is for the control-plane machines in the stacked topology', () => {
    const cluster = referenceCluster();
    const machines = cluster.machines
      .filter(({ role }) => role !== 'etcd')
      .map((machine) => ({ ...machine, runsEtcd: machine.role === 'control-plane' }));
    const stacked: Cluster = { ...cluster, machines, etcd: { ...cluster.etcd, topology: 'stacked' } };
    expect(flags(stacked, 'cp-2')).toContain(
      '--initial-cluster=cp-1=https://10.0.0.11:2380,cp-2=https://10.0.0.12:2380,cp-3=https://10.0.0.13:2380',
    );
    expect(flags(stacked, 'cp-2')).toContain('--listen-peer-urls=https://10.0.0.12:2380');
  });
});

describe('etcd', () => {
  const part = etcd(testContext('etcd-1'));

  it('keeps the keys of server, peer and health client apart, for etcd alone', () => {
    const pki = (part.files ?? []).filter(({ path }) => path.startsWith('/etc/etcd/pki/'));
    expect(pki.map(({ path, mode, secret }) => `${path.slice(14)} ${mode.toString(8)} ${secret}`).sort()).toEqual([
      'ca.crt 644 false',
      'healthcheck-client.crt 600 false',
      'healthcheck-client.key 600 true',
      'peer-ca.crt 644 false',
      'peer.crt 640 false',
      'peer.key 600 true',
      'server.crt 640 false',
      'server.key 600 true',
    ]);
    expect(pki.every(({ owner, group }) => owner === 'etcd' && group === 'etcd')).toBe(true);
    const file = (name: string) => pki.find(({ path }) => path.endsWith(`/${name}`))?.contents;
    expect(file('ca.crt')).toContain('\netcd\n');
    expect(file('peer-ca.crt')).toContain('\netcd-peer\n');
    expect(file('peer.key')).toContain('etcd-1/etcd-peer-key');
  });

  it('waits for its quorum for ever, starts again after a crash, and not after a refusal', () => {
    const unit = part.units?.[0]?.contents ?? '';
    expect(unit).toContain('TimeoutStartSec=infinity');
    expect(unit).toContain('Restart=always');
    expect(unit).toContain('StartLimitIntervalSec=0');
    expect(unit).toContain('RequiresMountsFor=/var/lib/etcd');
    const commands = unitCommands(unit);
    expect(commands).toMatchObject({ type: 'notify', user: 'etcd', restartPrevented: [78] });
    expect(commands.environment).toEqual({ KEELWAY_DATA_DISK: '/run/keelway/disks/etcd' });
    expect(commands.start[0]?.argv.slice(0, 3)).toEqual([
      '/bin/sh',
      '/etc/keelway/bin/etcd-guard',
      '/usr/local/bin/etcd',
    ]);
    expect(commands.startPre.map(({ privileged }) => privileged)).toEqual([true]);
  });

  it('calls its programs where the OS has them', () => {
    const context = testContext('etcd-1', referenceCluster({}, 'flatcar'));
    const units = etcdParts(context).flatMap(({ units: each }) => each ?? []);
    expect(units.find(({ name }) => name === 'etcd.service')?.contents).toContain('/opt/bin/etcd \\');
    const files = etcdParts(context).flatMap(({ files: each }) => each ?? []);
    expect(files.find(({ path }) => path.endsWith('/etcd-snapshot'))?.contents).toContain(
      '/opt/bin/etcdutl snapshot status',
    );
    expect(files.find(({ path }) => path.startsWith('/etc/profile.d/'))?.contents).toContain('PATH=$PATH:/opt/bin');
  });

  it('needs no disk where the model has none', () => {
    const context = testContext('etcd-1');
    const units = etcdParts({ ...context, machine: { ...context.machine, dataDisk: null } }).flatMap(
      (each) => each.units ?? [],
    );
    expect(units.map(({ name }) => name)).toEqual([
      'etcd.service',
      'keelway-etcd-snapshot.service',
      'keelway-etcd-snapshot.timer',
    ]);
    expect(units[0]?.contents).not.toContain('KEELWAY_DATA_DISK');
  });
});

describe('etcdSnapshot', () => {
  it('runs as etcd, by a timer only', () => {
    const [service, timer] = etcdSnapshot(testContext('etcd-1')).units ?? [];
    expect(service).toMatchObject({ name: 'keelway-etcd-snapshot.service', enabled: false });
    expect(service?.contents).toContain('User=etcd');
    expect(service?.contents).toContain('Requisite=etcd.service');
    expect(timer).toMatchObject({ name: 'keelway-etcd-snapshot.timer', enabled: true });
  });

  /** A disk of 10 MiB with a database of 2; stand-ins for etcd's programs. test/e2e has the real ones. */
  const onDisk = async (snapshots: readonly [name: string, mebibytes: number][]) => {
    const { files } = etcdSnapshot(testContext('etcd-1'));
    const stubs = {
      '/usr/local/bin/etcdctl': '#!/bin/sh\ncp /var/lib/etcd/member/snap/db "$3"\n',
      '/usr/local/bin/etcdutl': '#!/bin/sh\n[ -s "$3" ]\n',
    };
    const old = snapshots
      .map(([name, size]) => `truncate -s 0 ${name}; fallocate -l ${size * 1024}K ${name}`)
      .join('\n');
    const { exitCode, stdout, stderr } = await onMachine(
      [{ ...(files && { files }) }],
      `mkdir -p /var/lib/etcd && mount -t tmpfs -o size=10M none /var/lib/etcd
mkdir -p /var/lib/etcd/member/snap /var/lib/etcd/keelway-snapshots && fallocate -l 2M /var/lib/etcd/member/snap/db
chmod 0755 /usr/local/bin/etcd*
cd /var/lib/etcd/keelway-snapshots
${old}
sh /etc/keelway/bin/etcd-snapshot >/dev/null; code=$?
ls; exit $code`,
      { files: stubs },
    );
    return { exitCode, names: stdout.trim().split('\n'), stderr };
  };

  it('keeps the newest four, without a word', async () => {
    const old = ['20260101T000000Z.db', '20260102T000000Z.db', '20260103T000000Z.db', '20260104T000000Z.db'];
    const { exitCode, names, stderr } = await onDisk(old.map((name) => [name, 0.5] as [string, number]));
    expect(names.slice(0, 3)).toEqual(old.slice(1));
    expect(names).toHaveLength(4);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('takes one on a disk that old ones fill', async () => {
    const old = ['20260101T000000Z.db', '20260102T000000Z.db', '20260103T000000Z.db', '20260104T000000Z.db'];
    const { exitCode, names, stderr } = await onDisk(old.map((name) => [name, 2] as [string, number]));
    expect(names.slice(0, 2)).toEqual(old.slice(2));
    expect(names).toHaveLength(3);
    expect(stderr.match(/removing \S+ to make room/g)).toEqual([
      'removing /var/lib/etcd/keelway-snapshots/20260102T000000Z.db to make room',
    ]);
    expect(exitCode).toBe(0);
  });

  it('removes none where that would make no room', async () => {
    const { exitCode, names, stderr } = await onDisk([
      ['20260101T000000Z.db', 1],
      ['20260102T000000Z.db', 6],
    ]);
    expect(names).toEqual(['20260101T000000Z.db', '20260102T000000Z.db']);
    expect(stderr).toContain('no room: the database has 2097152 bytes');
    expect(exitCode).toBe(1);
  });
});
