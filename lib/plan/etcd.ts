import { dataDisk } from '../components/data-disk.ts';
import { etcd } from '../components/etcd.ts';
import { etcdSnapshot } from '../components/etcd-snapshot.ts';
import type { Component, MachineContext, MachinePart } from './machine-plan.ts';

const COMPONENTS: readonly Component[] = [dataDisk, etcd, etcdSnapshot];

/** What makes a machine a member of etcd: the disk, the member itself, its snapshots. */
export function etcdParts(context: MachineContext): readonly MachinePart[] {
  return COMPONENTS.map((component) => component(context));
}
