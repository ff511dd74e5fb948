import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  isLabelValue,
  isQualifiedName,
  isReservedTaint,
  kubeletFindsLabel,
  kubeletMaySetLabel,
} from '../../../lib/model/kubernetes-names.ts';
import { toolPath } from '../../tools/tools.ts';

const labels = [
  'rack',
  'example.com/rack',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/rack',
  'node.kubernetes.io/instance-type',
  'node.kubernetes.io/exclude-from-external-load-balancers',
  'pool.node.kubernetes.io/name',
  'kubelet.kubernetes.io/anything',
  'x.kubelet.kubernetes.io/anything',
  'node-role.kubernetes.io/worker',
  'node-role.kubernetes.io/control-plane',
  'node-restriction.kubernetes.io/zone',
  'kubernetes.io/role',
  'k8s.io/role',
  'x.k8s.io/role',
  'mykubernetes.io/role',
  'kubernetes.io.example.com/role',
  'failure-domain.beta.kubernetes.io/zone',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/flavour',
];

describe('labels that a kubelet sets on its own node', () => {
  it.each(labels)('%s: the real kubelet says the same', (label) => {
    // The kubelet checks its flags before it looks for its configuration, which it does not find here.
    const { stderr } = spawnSync(toolPath('kubelet'), [`--node-labels=${label}=x`, '--config=/nonexistent/keelway'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stderr).toMatch(/unknown 'kubernetes\.io' or 'k8s\.io' labels|nonexistent/);
    expect(kubeletMaySetLabel(label)).toBe(!stderr.includes("unknown 'kubernetes.io'"));
  });

  it('are not the ones that it finds out itself', () => {
    expect(kubeletFindsLabel('kubernetes.io/hostname')).toBe(true);
    expect(kubeletFindsLabel('topology.kubernetes.io/zone')).toBe(false);
  });
});

describe('keys and values', () => {
  it.each(['a', 'A.b_c-d', 'example.com/a', `${'a'.repeat(63)}`])('%s is a key', (key) =>
    expect(isQualifiedName(key)).toBe(true),
  );
  it.each(['', '-a', 'a-', 'a/b/c', '/a', 'a/', 'Example.com/a', 'a b', `${'a'.repeat(64)}`])('%s is no key', (key) =>
    expect(isQualifiedName(key)).toBe(false),
  );
  it.each(['', 'a', 'A.b'])('"%s" is a value', (value) => expect(isLabelValue(value)).toBe(true));
  it.each(['a b', '-a', 'a/b', 'a'.repeat(64)])('"%s" is no value', (value) => expect(isLabelValue(value)).toBe(false));

  it('of reserved taints are known', () => {
    expect(isReservedTaint('node.kubernetes.io/not-ready')).toBe(true);
    expect(isReservedTaint('node-role.kubernetes.io/control-plane')).toBe(true);
    expect(isReservedTaint('example.com/gpu')).toBe(false);
  });
});
