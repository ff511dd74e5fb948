import { KeelwayError } from '../errors.ts';
import type { Cluster, ClusterInputs } from '../model/cluster.ts';

/** Container images that Keelway's own manifests and configs name. */
export type ImageName = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kube-vip' | 'pause';

/**
 * The reference under which a machine pulls, or has preloaded, an image.
 *
 * Tag always; `@sha256:` too when the asset lock holds `image/<name>`. A registry mirror does not change it: containerd
 * maps the host name.
 *
 * @returns For instance `registry.k8s.io/kube-apiserver:v1.36.4`.
 * @throws {@link KeelwayError} `ASSET_NOT_LOCKED` when the lock pins another version of the image only.
 */
export function imageReference(cluster: Cluster, inputs: ClusterInputs, name: ImageName): string {
  const { repository, version, tag } = image(cluster, name);
  const locked = inputs.assets.filter((asset) => asset.name === `image/${name}`);
  const fitting = locked.find((asset) => asset.version === version);
  if (fitting !== undefined) return `${repository}:${tag}@sha256:${fitting.sha256}`;
  const [other] = locked;
  if (other === undefined) return `${repository}:${tag}`;
  throw new KeelwayError({
    code: 'ASSET_NOT_LOCKED',
    message: `the asset lock holds image/${name} ${other.version}, but the cluster runs ${version}`,
    hint: `lock image/${name} ${version}, or remove the entry to pull by tag alone`,
  });
}

function image(cluster: Cluster, name: ImageName): { repository: string; version: string; tag: string } {
  const { kubernetes, kubeVip, pause } = cluster.versions;
  switch (name) {
    case 'kube-apiserver':
    case 'kube-controller-manager':
    case 'kube-scheduler':
      return { repository: `registry.k8s.io/${name}`, version: kubernetes, tag: `v${kubernetes}` };
    case 'kube-vip':
      return { repository: 'ghcr.io/kube-vip/kube-vip', version: kubeVip, tag: `v${kubeVip}` };
    case 'pause':
      return { repository: 'registry.k8s.io/pause', version: pause, tag: pause };
  }
}
