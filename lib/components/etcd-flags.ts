import { type Cluster, etcdMembers } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { etcdHasFeatureGatesFlag, etcdHasTlsMinVersionFlag, etcdTakesAllowedPeerLists } from '../model/quirks.ts';

/** Folder of etcd's certificates and keys. */
export const ETCD_PKI = '/etc/etcd/pki';

export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
/** Where a member that waits to form a cluster tells its peers so; nothing listens once etcd runs. */
export const ETCD_FORMING_PORT = 2382;
/** Loopback, plain HTTP: metrics and health without a certificate. */
export const ETCD_METRICS_PORT = 2381;

/** Address of a member's peers' side. */
export function etcdPeerUrl(member: Machine): string {
  return `https://${member.address}:${ETCD_PEER_PORT}`;
}

/** Address of a member's clients' side. */
export function etcdClientUrl(member: Machine): string {
  return `https://${member.address}:${ETCD_CLIENT_PORT}`;
}

/**
 * Every flag of a member, spelt for its version, one text each.
 *
 * Only flags: with a configuration file etcd ignores them all. Peers must come from the peer CA, from the address in their
 * certificate, and bear the name of a member of this file.
 *
 * @param token - Unique per cluster incarnation.
 * @see https://etcd.io/docs/v3.6/op-guide/configuration/
 */
export function etcdFlags(cluster: Cluster, machine: Machine, token: string): readonly string[] {
  const { etcd, versions } = cluster;
  const members = etcdMembers(cluster);
  return [
    `--name=${machine.name}`,
    `--data-dir=${etcd.dataDirectory}`,
    `--listen-client-urls=https://127.0.0.1:${ETCD_CLIENT_PORT},${etcdClientUrl(machine)}`,
    `--advertise-client-urls=${etcdClientUrl(machine)}`,
    `--listen-peer-urls=${etcdPeerUrl(machine)}`,
    `--initial-advertise-peer-urls=${etcdPeerUrl(machine)}`,
    `--initial-cluster=${members.map((member) => `${member.name}=${etcdPeerUrl(member)}`).join(',')}`,
    `--initial-cluster-state=${etcd.initialClusterState}`,
    `--initial-cluster-token=${token}`,
    '--strict-reconfig-check=true',
    `--cert-file=${ETCD_PKI}/server.crt`,
    `--key-file=${ETCD_PKI}/server.key`,
    `--trusted-ca-file=${ETCD_PKI}/ca.crt`,
    '--client-cert-auth=true',
    `--peer-cert-file=${ETCD_PKI}/peer.crt`,
    `--peer-key-file=${ETCD_PKI}/peer.key`,
    `--peer-trusted-ca-file=${ETCD_PKI}/peer-ca.crt`,
    '--peer-client-cert-auth=true',
    ...(etcdTakesAllowedPeerLists(versions.etcd)
      ? [`--peer-cert-allowed-hostname=${members.map(({ name }) => name).join(',')}`]
      : []),
    ...(etcdHasTlsMinVersionFlag(versions.etcd) ? ['--tls-min-version=TLS1.3'] : []),
    `--listen-metrics-urls=http://127.0.0.1:${ETCD_METRICS_PORT}`,
    `--heartbeat-interval=${etcd.heartbeatIntervalMs}`,
    `--election-timeout=${etcd.electionTimeoutMs}`,
    `--quota-backend-bytes=${etcd.quotaBackendBytes}`,
    // The default of 3.6; 3.5 keeps ten times as many entries in memory.
    '--snapshot-count=10000',
    ...experiments(versions.etcd),
    '--log-outputs=stderr',
  ];
}

/**
 * A member compares its data with the others' before it serves, and after each compaction; API servers hear every five
 * seconds how far a quiet watch has come.
 */
function experiments(version: string): readonly string[] {
  if (etcdHasFeatureGatesFlag(version)) {
    return ['--feature-gates=InitialCorruptCheck=true,CompactHashCheck=true', '--watch-progress-notify-interval=5s'];
  }
  return [
    '--experimental-initial-corrupt-check=true',
    '--experimental-compact-hash-check-enabled=true',
    '--experimental-watch-progress-notify-interval=5s',
  ];
}
