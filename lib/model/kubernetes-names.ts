import { isDnsName } from './addresses.ts';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/**
 * True for a label or taint key: `name` or `prefix/name`, the prefix a DNS name.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash === -1) return NAME.test(key);
  return isDnsName(key.slice(0, slash)) && NAME.test(key.slice(slash + 1));
}

/** True for the value of a label or taint; empty is one. */
export function isLabelValue(value: string): boolean {
  return value === '' || NAME.test(value);
}

const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'beta.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

const KUBELET_NAMESPACES: readonly string[] = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** Labels that the kubelet writes from what it finds; other values would be overwritten. */
const FOUND_BY_KUBELET: ReadonlySet<string> = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
]);

/**
 * True when a kubelet may put the label on its own node: flag validation and NodeRestriction refuse the others.
 *
 * @see https://github.com/kubernetes/kubelet/blob/master/pkg/apis/well_known_labels.go
 */
export function kubeletMaySetLabel(key: string): boolean {
  const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  if (!isWithin(namespace, 'kubernetes.io') && !isWithin(namespace, 'k8s.io')) return true;
  return KUBELET_LABELS.has(key) || KUBELET_NAMESPACES.some((allowed) => isWithin(namespace, allowed));
}

/** True for labels that the kubelet finds out itself. */
export function kubeletFindsLabel(key: string): boolean {
  return FOUND_BY_KUBELET.has(key);
}

/** True for taints that the node lifecycle controller, the cloud controller or Keelway sets. */
export function isReservedTaint(key: string): boolean {
  if (key === 'node-role.kubernetes.io/control-plane' || key === 'node-role.kubernetes.io/master') return true;
  return key.startsWith('node.kubernetes.io/') || key.startsWith('node.cloudprovider.kubernetes.io/');
}

function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
