import type { Cluster } from '../../lib/model/cluster.ts';
import { referenceCluster } from '../lib/plan/reference-cluster.ts';
import { RECIPES } from '../tools/catalog.ts';

/** A Kubernetes and an etcd version that run together. */
export interface VersionPair {
  readonly kubernetes: string;
  readonly etcd: string;
}

/** Every minor that Keelway renders for, oldest first, in the versions of the test tools. */
export const versionPairs: readonly VersionPair[] = [
  { kubernetes: pinned('kubernetes-1.35'), etcd: pinned('etcd-3.5') },
  { kubernetes: pinned('kubernetes-1.36'), etcd: pinned('etcd-3.6') },
  { kubernetes: pinned('kubernetes-1.37'), etcd: pinned('etcd-3.7') },
];

/** Kubernetes 1.37 on the etcd before its own, as between the two steps of an upgrade. */
export const olderEtcd: VersionPair = { kubernetes: pinned('kubernetes-1.37'), etcd: pinned('etcd-3.6') };

/** The reference topology in other versions, its virtual IP as ARP. */
export function clusterOfVersions(versions: VersionPair): Cluster {
  const cluster = referenceCluster();
  const vip = { address: '10.0.0.100', profile: 'arp', onLink: 'arp', inNodeSubnet: true, bgp: null } as const;
  return {
    ...cluster,
    versions: { ...cluster.versions, ...versions },
    controlPlane: { ...cluster.controlPlane, vip },
  };
}

function pinned(recipe: string): string {
  const found = RECIPES.find(({ name }) => name === recipe);
  if (found === undefined) throw new Error(`no recipe is called ${recipe}`);
  return found.version;
}
