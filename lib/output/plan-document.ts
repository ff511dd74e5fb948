import type { ClusterPlan } from '../plan/cluster-plan.ts';
import type { OutputFile } from './output-file.ts';

/** Name of the file in the output folder. */
export const PLAN_DOCUMENT = 'plan.json';

/**
 * `plan.json`: the machines, the order in which they are best started and the gate behind each step. Holds no secret.
 *
 * Public interface; grows by fields.
 */
export function planDocument({ cluster, machines, bootOrder }: ClusterPlan): OutputFile {
  const { kubernetes, etcd, kubeVip, pause } = cluster.versions;
  const { endpoint, vip } = cluster.controlPlane;
  const document = {
    apiVersion: 'keelway.dev/v1alpha1',
    kind: 'Plan',
    cluster: cluster.name,
    versions: { kubernetes, etcd, kubeVip, pause },
    endpoint: `${endpoint.host}:${endpoint.port}`,
    vip: vip === null ? null : { address: vip.address, profile: vip.profile, onLink: vip.onLink },
    machines: machines.map(({ machine, hostname }) => ({
      name: machine.name,
      role: machine.role,
      hostname,
      address: machine.address,
      macs: machine.macs,
      uuid: machine.uuid,
      serial: machine.serial,
      os: machine.os,
      configFormat: machine.configFormat,
      folder: `machines/${machine.name}`,
    })),
    bootOrder,
  };
  return { path: PLAN_DOCUMENT, contents: `${JSON.stringify(document, null, 2)}\n`, secret: false };
}
