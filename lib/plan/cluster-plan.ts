import type { Cluster } from '../model/cluster.ts';
import type { MachinePlan } from './machine-plan.ts';

/**
 * What must hold before the next stage can do its work. A machine waits for it by itself: stages may be started in any
 * order, or all at once, and only take longer then.
 */
export interface BootGate {
  readonly name: 'etcd-quorum' | 'api-ready' | 'nodes-ready';
  /** One sentence for people. */
  readonly description: string;
}

export interface BootStage {
  readonly stage: 'etcd' | 'control-plane' | 'workers';
  /** Names, in the order of the cluster file. In the stacked topology a machine is in two stages. */
  readonly machines: readonly string[];
  readonly gate: BootGate;
}

/** Everything a cluster needs, machine by machine, and the order in which its machines are best started. */
export interface ClusterPlan {
  readonly cluster: Cluster;
  /** In the order of the cluster file. */
  readonly machines: readonly MachinePlan[];
  readonly bootOrder: readonly BootStage[];
}
