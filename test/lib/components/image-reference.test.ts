import { describe, expect, it } from 'vitest';
import { type ImageName, imageReference } from '../../../lib/components/image-reference.ts';
import type { LockedAsset } from '../../../lib/model/cluster.ts';
import { referenceCluster, testInputs } from '../plan/reference-cluster.ts';

function lockedImage(name: string, version: string): LockedAsset {
  const sha256 = 'ab'.repeat(32);
  const url = `registry.k8s.io/${name}@sha256:${sha256}`;
  return { name: `image/${name}`, version, architecture: 'amd64', url, sha256, kind: 'oci', members: [] };
}

describe('imageReference', () => {
  it.each<[ImageName, string]>([
    ['kube-apiserver', 'registry.k8s.io/kube-apiserver:v1.36.4'],
    ['kube-controller-manager', 'registry.k8s.io/kube-controller-manager:v1.36.4'],
    ['kube-scheduler', 'registry.k8s.io/kube-scheduler:v1.36.4'],
    ['kube-vip', 'ghcr.io/kube-vip/kube-vip:v1.2.4'],
    ['pause', 'registry.k8s.io/pause:3.10.2'],
  ])('names %s by tag', (name, reference) => {
    expect(imageReference(referenceCluster(), testInputs(), name)).toBe(reference);
  });

  it('adds the digest that the lock holds', () => {
    const inputs = testInputs({ assets: [lockedImage('pause', '3.9'), lockedImage('pause', '3.10.2')] });
    expect(imageReference(referenceCluster(), inputs, 'pause')).toBe(
      `registry.k8s.io/pause:3.10.2@sha256:${'ab'.repeat(32)}`,
    );
  });

  it('refuses to run an unpinned version beside a pinned other one', () => {
    const inputs = testInputs({ assets: [lockedImage('kube-scheduler', '1.36.3')] });
    expect(() => imageReference(referenceCluster(), inputs, 'kube-scheduler')).toThrow(
      expect.objectContaining({ code: 'ASSET_NOT_LOCKED', message: expect.stringContaining('1.36.3') }),
    );
  });
});
