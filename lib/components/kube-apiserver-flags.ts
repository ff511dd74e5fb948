import { type Cluster, machinesOf, votingMembers } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { apiServerHasPeerProxy } from '../model/quirks.ts';
import { ADMISSION_PLUGINS } from './admission.ts';
import { AUDIT_LOG_DIRECTORY } from './audit-policy.ts';
import { API_SERVER_CONFIG, API_SERVER_PKI } from './control-plane-files.ts';
import { ETCD_CLIENT_PORT } from './etcd-flags.ts';

/** How long a stopping API server still serves while /readyz already fails: VIP and balancers turn away meanwhile. */
export const SHUTDOWN_DELAY_SECONDS = 20;

/**
 * The API server's command line, without the program's name. It holds paths, never secrets: mirror pods show it.
 *
 * @param machine - The control-plane machine it runs on.
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
export function kubeApiserverFlags(cluster: Cluster, machine: Machine): readonly string[] {
  return [
    ...serving(cluster, machine),
    ...authentication(cluster),
    ...etcd(cluster, machine),
    ...kubelets(),
    ...aggregation(),
    ...audit(),
    ...severalServers(cluster),
  ];
}

function serving({ controlPlane, network }: Cluster, machine: Machine): string[] {
  return [
    // The kubernetes Service gets every API server's own address; the VIP is never advertised.
    `--advertise-address=${machine.address}`,
    '--bind-address=0.0.0.0',
    `--secure-port=${controlPlane.port}`,
    `--tls-cert-file=${API_SERVER_PKI}/apiserver.crt`,
    `--tls-private-key-file=${API_SERVER_PKI}/apiserver.key`,
    '--tls-min-version=VersionTLS13',
    `--service-cluster-ip-range=${network.serviceCidr}`,
    // The CNI and storage pods of every cluster need it; Pod Security decides who else may.
    '--allow-privileged=true',
    '--profiling=false',
    `--enable-admission-plugins=${ADMISSION_PLUGINS.join(',')}`,
    `--admission-control-config-file=${API_SERVER_CONFIG}/admission.yaml`,
    `--shutdown-delay-duration=${SHUTDOWN_DELAY_SECONDS}s`,
    '--shutdown-send-retry-after=true',
    '--shutdown-watch-termination-grace-period=30s',
  ];
}

function authentication({ network }: Cluster): string[] {
  return [
    `--authentication-config=${API_SERVER_CONFIG}/authentication.yaml`,
    '--authorization-mode=Node,RBAC',
    `--client-ca-file=${API_SERVER_PKI}/client-ca.crt`,
    `--service-account-issuer=https://kubernetes.default.svc.${network.domain}`,
    `--service-account-key-file=${API_SERVER_PKI}/sa.pub`,
    `--service-account-signing-key-file=${API_SERVER_PKI}/sa.key`,
    '--service-account-extend-token-expiration=false',
  ];
}

/**
 * Beside a member, only that one: a connection to a member that is gone without a word hangs for ten seconds and more, on every
 * API server, while the loss of the own member makes only this one unready, and clients go to the others.
 */
function etcd(cluster: Cluster, machine: Machine): string[] {
  const addresses = machine.runsEtcd ? ['127.0.0.1'] : votingMembers(cluster).map(({ address }) => address);
  const servers = addresses.map((address) => `https://${address}:${ETCD_CLIENT_PORT}`);
  return [
    `--etcd-servers=${servers.join(',')}`,
    `--etcd-cafile=${API_SERVER_PKI}/etcd-ca.crt`,
    `--etcd-certfile=${API_SERVER_PKI}/etcd-client.crt`,
    `--etcd-keyfile=${API_SERVER_PKI}/etcd-client.key`,
    `--encryption-provider-config=${API_SERVER_CONFIG}/encryption.yaml`,
    '--encryption-provider-config-automatic-reload=true',
  ];
}

function kubelets(): string[] {
  return [
    `--kubelet-certificate-authority=${API_SERVER_PKI}/ca.crt`,
    `--kubelet-client-certificate=${API_SERVER_PKI}/kubelet-client.crt`,
    `--kubelet-client-key=${API_SERVER_PKI}/kubelet-client.key`,
    '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
  ];
}

function aggregation(): string[] {
  return [
    `--requestheader-client-ca-file=${API_SERVER_PKI}/front-proxy-ca.crt`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${API_SERVER_PKI}/front-proxy-client.crt`,
    `--proxy-client-key-file=${API_SERVER_PKI}/front-proxy-client.key`,
    // To the endpoints of an aggregated API, not to its cluster IP: works while the machine's kube-proxy does not.
    '--enable-aggregator-routing=true',
  ];
}

function audit(): string[] {
  return [
    `--audit-policy-file=${API_SERVER_CONFIG}/audit-policy.yaml`,
    `--audit-log-path=${AUDIT_LOG_DIRECTORY}/audit.log`,
    '--audit-log-maxage=30',
    '--audit-log-maxbackup=10',
    '--audit-log-maxsize=100',
    '--audit-log-compress=true',
  ];
}

/** Only with other API servers: long HTTP/2 connections move to one that came back; requests for unknown versions too. */
function severalServers(cluster: Cluster): string[] {
  if (machinesOf(cluster, 'control-plane').length < 2) return [];
  return [
    '--goaway-chance=0.001',
    ...(apiServerHasPeerProxy(cluster.versions.kubernetes) ? [`--peer-ca-file=${API_SERVER_PKI}/ca.crt`] : []),
  ];
}
