import { atLeast } from './versions.ts';

/**
 * Differences between versions, as named predicates; a renderer asks for the fact, never for the number.
 *
 * Each takes an exact version (`3.6.16`) and names its source. Add predicates here; do not compare versions elsewhere.
 */

/**
 * etcd 3.6 moved on/off experiments to `--feature-gates`; 3.5 has `--experimental-initial-corrupt-check` and the like.
 *
 * @see https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/
 */
export function etcdHasFeatureGatesFlag(etcdVersion: string): boolean {
  return atLeast(etcdVersion, '3.6.0');
}

/**
 * etcd 3.7 refuses every `--experimental-*` flag; 3.6 still knows both spellings.
 *
 * @see https://etcd.io/docs/v3.7/upgrades/upgrade_3_7/
 */
export function etcdRefusesExperimentalFlags(etcdVersion: string): boolean {
  return atLeast(etcdVersion, '3.7.0');
}

/**
 * etcd 3.5.15 takes a list for `--peer-cert-allowed-hostname`; before, one name only.
 *
 * @see https://github.com/etcd-io/etcd/pull/18160
 */
export function etcdTakesAllowedPeerLists(etcdVersion: string): boolean {
  return atLeast(etcdVersion, '3.5.15');
}

/**
 * etcd 3.5.8 has `--tls-min-version`.
 *
 * @see https://github.com/etcd-io/etcd/pull/15483
 */
export function etcdHasTlsMinVersionFlag(etcdVersion: string): boolean {
  return atLeast(etcdVersion, '3.5.8');
}

/**
 * The step from etcd 3.5 to 3.6 needs every member at 3.5.26 or newer first: older ones bring removed members back to life.
 *
 * @see https://etcd.io/docs/latest/upgrades/upgrade_3_6/
 */
export function etcdCanUpgradeTo36(etcdVersion: string): boolean {
  return atLeast(etcdVersion, '3.5.26');
}

/**
 * The step from etcd 3.6 to 3.7 needs every member at 3.6.11 or newer first.
 *
 * @see https://etcd.io/docs/v3.7/upgrades/upgrade_3_7/
 */
export function etcdCanUpgradeTo37(etcdVersion: string): boolean {
  return atLeast(etcdVersion, '3.6.11');
}

/** Kubernetes 1.37 turns `EtcdRangeStream` on, which uses an RPC of etcd 3.7. */
export function kubernetesPrefersEtcd37(kubernetesVersion: string): boolean {
  return atLeast(kubernetesVersion, '1.37.0');
}

/** kubelet 1.35 and newer does not start on cgroup v1 (`failCgroupV1` is true by default). */
export function kubeletRefusesCgroupV1(kubernetesVersion: string): boolean {
  return atLeast(kubernetesVersion, '1.35.0');
}

/** kubelet 1.35 removed `--pod-infra-container-image`; leaving it in a unit stops the kubelet. */
export function kubeletHasPodInfraContainerImageFlag(kubernetesVersion: string): boolean {
  return !atLeast(kubernetesVersion, '1.35.0');
}

/** kube-proxy 1.37 warns when `mode` is unset, because 1.40 moves the default from iptables to nftables. */
export function kubeProxyWarnsWithoutMode(kubernetesVersion: string): boolean {
  return atLeast(kubernetesVersion, '1.37.0');
}

/** Flux 2.9 refuses clusters older than Kubernetes 1.33. */
export function fluxSupportsKubernetes(kubernetesVersion: string): boolean {
  return atLeast(kubernetesVersion, '1.33.0');
}

/**
 * kube-vip before 1.2.3 loses BGP peers (1.1.0) or its kubeconfig path (1.2.2); nothing older is used.
 *
 * @see https://github.com/kube-vip/kube-vip/issues/1466
 */
export function kubeVipIsUsable(kubeVipVersion: string): boolean {
  return atLeast(kubeVipVersion, '1.2.3');
}

/**
 * kube-apiserver 1.36 turns `UnknownVersionInteroperabilityProxy` on; before, `--peer-ca-file` stops it at the start.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/mixed-version-proxy/
 */
export function apiServerHasPeerProxy(kubernetesVersion: string): boolean {
  return atLeast(kubernetesVersion, '1.36.0');
}

/** Kubernetes 1.36 clients follow a CA file that a kubeconfig names by path (`ClientsAllowCARotation`); older ones read it once. */
export function clientsReloadAuthorities(kubernetesVersion: string): boolean {
  return atLeast(kubernetesVersion, '1.36.0');
}
