import type { MachineRole } from '../model/machine.ts';
import type { ClusterBody, DiskSpec, MachineSpec, TaintSpec } from './cluster-spec.ts';

/** A machine of the file with machineDefaults merged in, where its role can use them. */
export interface EffectiveMachine {
  /** Place in `spec.machines`. */
  readonly index: number;
  readonly spec: MachineSpec;
  readonly role: MachineRole;
  readonly os: NonNullable<MachineSpec['os']>;
  /** Lower case, the one with the node address first. */
  readonly macs: readonly string[];
  readonly interface: string | null;
  readonly runsEtcd: boolean;
  readonly runsKubelet: boolean;
  readonly installDisk: DiskSpec | null;
  readonly dataDisk: DiskSpec | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly TaintSpec[];
}

/** External when the file says so or when a machine has role etcd; stacked otherwise. */
export function topologyOf(body: ClusterBody): 'external' | 'stacked' {
  return body.etcd.topology ?? (body.machines.some((machine) => machine.role === 'etcd') ? 'external' : 'stacked');
}

/** Machines in the order of the file; the machine's own value wins, labels merge key by key. */
export function effectiveMachines(body: ClusterBody): readonly EffectiveMachine[] {
  const topology = topologyOf(body);
  const defaults = body.machineDefaults;
  return body.machines.map((spec, index) => {
    const runsEtcd = spec.role === (topology === 'external' ? 'etcd' : 'control-plane');
    const runsKubelet = spec.role !== 'etcd';
    return {
      index,
      spec,
      role: spec.role,
      os: spec.os ?? defaults.os,
      macs: spec.macs ?? (spec.mac === undefined ? [] : [spec.mac]),
      interface: spec.interface ?? defaults.interface ?? null,
      runsEtcd,
      runsKubelet,
      installDisk: spec.installDisk ?? defaults.installDisk ?? null,
      dataDisk: spec.dataDisk ?? (runsEtcd ? defaults.dataDisk : undefined) ?? null,
      labels: runsKubelet ? { ...defaults.labels, ...spec.labels } : (spec.labels ?? {}),
      taints: spec.taints ?? (runsKubelet ? defaults.taints : undefined) ?? [],
    };
  });
}
