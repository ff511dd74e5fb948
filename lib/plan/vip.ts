import { bird } from '../components/bird.ts';
import { kubeVip } from '../components/kube-vip.ts';
import { vipSysctl } from '../components/vip-sysctl.ts';
import { vipWatch } from '../components/vip-watch.ts';
import { needsBird } from '../model/programs.ts';
import type { Component, MachineContext, MachinePart } from './machine-plan.ts';

/**
 * What a machine has of the virtual IP: kube-vip on the control plane, and the mesh on every machine that is part of it.
 * Empty without a virtual IP, and on machines that have nothing to do with it.
 */
export function vipParts(context: MachineContext): readonly MachinePart[] {
  const { cluster, machine } = context;
  if (cluster.controlPlane.vip === null) return [];
  const mesh: readonly Component[] = needsBird(cluster, machine) ? [bird] : [];
  const controlPlane: readonly Component[] = machine.role === 'control-plane' ? [kubeVip, vipWatch] : [];
  const components = [...controlPlane, ...mesh];
  return (components.length === 0 ? [] : [...components, vipSysctl]).map((component) => component(context));
}
