import type { Cluster } from '../model/cluster.ts';
import type { Machine, Taint } from '../model/machine.ts';
import { toYaml, type YamlValue } from '../render/yaml.ts';
import { CONTAINERD_SOCKET } from './containerd.ts';
import { CLUSTER_AUTHORITIES, KUBELET_PKI } from './kubelet-paths.ts';
import { STATIC_POD_DIRECTORY } from './static-pod.ts';

/** Seconds that pods get at a shutdown of the machine; logind must hold the shutdown as long. */
export const SHUTDOWN_GRACE_SECONDS = 60;

const CONTROL_PLANE_TAINT: Taint = { key: 'node-role.kubernetes.io/control-plane', value: '', effect: 'NoSchedule' };

/**
 * The KubeletConfiguration of a machine, every field known to Kubernetes 1.35 to 1.37.
 *
 * Static pods on control-plane machines only, so that nobody who can write a folder starts pods on a worker. A container
 * of the control plane is restarted after 15 seconds at most instead of five minutes: that is what makes a machine slow
 * to come back when etcd came late. Only the kubernetes CA may sign callers of the kubelet, not the node-signer.
 *
 * @see https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
 */
export function kubeletConfig(cluster: Cluster, machine: Machine): string {
  const controlPlane = machine.role === 'control-plane';
  return toYaml({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...(controlPlane
      ? { staticPodPath: STATIC_POD_DIRECTORY, crashLoopBackOff: { maxContainerRestartPeriod: '15s' } }
      : {}),
    clusterDNS: [cluster.network.dnsServiceAddress],
    clusterDomain: cluster.network.domain,
    resolvConf: RESOLV_CONF,
    ...AUTHENTICATION,
    rotateCertificates: cluster.pki.nodeSigner === 'online',
    ...RUNTIME,
    ...PROTECTION,
    ...(taintsOf(cluster, machine).length === 0
      ? {}
      : { registerWithTaints: taintsOf(cluster, machine).map(toYamlTaint) }),
  });
}

/**
 * The servers that systemd-resolved asks, on every OS that Keelway configures. Its own stub on 127.0.0.53 would make
 * CoreDNS ask itself.
 */
const RESOLV_CONF = '/run/systemd/resolve/resolv.conf';

const AUTHENTICATION = {
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: CLUSTER_AUTHORITIES },
  },
  authorization: { mode: 'Webhook' },
  readOnlyPort: 0,
  healthzBindAddress: '127.0.0.1',
  healthzPort: 10_248,
  tlsCertFile: `${KUBELET_PKI}/serving.crt`,
  tlsPrivateKeyFile: `${KUBELET_PKI}/serving.key`,
  tlsMinVersion: 'VersionTLS13',
};

const RUNTIME = {
  cgroupDriver: 'systemd',
  containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
  serializeImagePulls: false,
  maxParallelImagePulls: 5,
  containerLogMaxSize: '50Mi',
  containerLogMaxFiles: 5,
  // The default lies below /usr, which is read-only on Flatcar and Fedora CoreOS.
  volumePluginDir: '/var/lib/kubelet/volumeplugins',
  shutdownGracePeriod: `${SHUTDOWN_GRACE_SECONDS}s`,
  shutdownGracePeriodCriticalPods: '30s',
};

const PROTECTION = {
  failSwapOn: true,
  seccompDefault: true,
  podPidsLimit: 4096,
  protectKernelDefaults: true,
  makeIPTablesUtilChains: true,
  eventRecordQPS: 50,
  enableProfilingHandler: false,
  enableDebugFlagsHandler: false,
  kubeReserved: { cpu: '100m', memory: '256Mi' },
  systemReserved: { cpu: '100m', memory: '256Mi' },
  evictionHard: {
    'memory.available': '200Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
  },
};

function taintsOf(cluster: Cluster, machine: Machine): readonly Taint[] {
  const own = machine.taints.some(
    ({ key, effect }) => key === CONTROL_PLANE_TAINT.key && effect === CONTROL_PLANE_TAINT.effect,
  );
  if (machine.role !== 'control-plane' || cluster.controlPlane.schedulable || own) return machine.taints;
  return [CONTROL_PLANE_TAINT, ...machine.taints];
}

function toYamlTaint({ key, value, effect }: Taint): YamlValue {
  return { key, value: value === '' ? undefined : value, effect };
}
