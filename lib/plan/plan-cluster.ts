import { manifestFiles } from '../components/seed.ts';
import type { Cluster, ClusterInputs } from '../model/cluster.ts';
import { requireLockedPrograms } from '../model/locked-programs.ts';
import { requireCidr } from '../model/network.ts';
import type { PkiBundle } from '../pki/pki-bundle.ts';
import { sudoersFile } from '../render/account-files.ts';
import { sha256Hex } from '../render/sha256.ts';
import { unitFiles } from '../render/unit-files.ts';
import { baseParts } from './base-machine.ts';
import { bootOrder } from './boot-order.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { controlPlaneParts } from './control-plane.ts';
import { etcdParts } from './etcd.ts';
import type { MachineContext, MachineNetwork, MachinePart, MachinePlan } from './machine-plan.ts';
import { mergeParts, type NamedPart } from './merge-parts.ts';
import { vipParts } from './vip.ts';
import { workerParts } from './worker.ts';

/**
 * Plans every machine of a cluster. Pure: the same model, bundle and inputs give the same plan.
 *
 * @param cluster - Resolved model.
 * @param pki - Every leaf that planCertificates names.
 * @param inputs - Texts of the files that the cluster file names, and the asset lock.
 * @param hash - SHA-256 of a text in hex. The default is pure TypeScript; a caller with node:crypto passes its faster one.
 * @throws KeelwayError `ASSET_NOT_LOCKED` with one issue for each machine and program that is missing;
 * `ASSET_LOCK_INVALID`; `INPUT_UNREADABLE` for a file that was not read; `PLAN_INVALID` for a leaf that is missing.
 */
export function planCluster(
  cluster: Cluster,
  pki: PkiBundle,
  inputs: ClusterInputs,
  hash: (text: string) => string = remembered(sha256Hex),
): ClusterPlan {
  requireLockedPrograms(cluster, inputs);
  return {
    cluster,
    machines: cluster.machines.map((machine) => planMachine({ cluster, machine, pki, inputs }, hash)),
    bootOrder: bootOrder(cluster),
  };
}

/** Plans one machine; see {@link planCluster}. */
export function planMachine(context: MachineContext, hash: (text: string) => string = sha256Hex): MachinePlan {
  const { cluster, machine } = context;
  const merged = mergeParts(machine.name, partsOf(context));
  const plan: MachinePlan = {
    machine,
    clusterName: cluster.name,
    hostname: machine.name,
    network: networkOf(context),
    ...merged,
  };
  const delivered = [...plan.files, ...sudoersFile(plan), ...unitFiles(plan.units)];
  const lists = manifestFiles(context, { files: delivered, directories: plan.directories }, hash);
  return { ...plan, files: [...plan.files, ...lists].toSorted((left, right) => (left.path < right.path ? -1 : 1)) };
}

/** Most files of a machine are the same on the next one. */
function remembered(hash: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const value = known.get(text) ?? hash(text);
    known.set(text, value);
    return value;
  };
}

function partsOf(context: MachineContext): readonly NamedPart[] {
  const { role, runsEtcd } = context.machine;
  return [
    ...baseParts(context),
    ...(runsEtcd ? named('etcd', etcdParts(context)) : []),
    ...(role === 'control-plane' ? named('control plane', controlPlaneParts(context)) : []),
    ...(role === 'worker' ? named('worker', workerParts(context)) : []),
    ...named('VIP', vipParts(context)),
  ];
}

function named(group: string, parts: readonly MachinePart[]): readonly NamedPart[] {
  return parts.map((part, index) => ({ origin: `${group} (part ${index + 1})`, part }));
}

function networkOf({ cluster, machine }: MachineContext): MachineNetwork {
  const { network } = cluster;
  return {
    address: machine.address,
    prefixLength: requireCidr(network.nodeSubnet).prefixLength,
    macAddress: machine.macs[0] ?? null,
    interfaceName: machine.interfaceName,
    gateway: network.gateway,
    nameservers: network.nameservers,
    searchDomains: network.searchDomains,
    mtu: network.mtu,
  };
}
