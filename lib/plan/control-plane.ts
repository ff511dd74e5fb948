import { bootstrap } from '../components/bootstrap.ts';
import { kubeApiserver } from '../components/kube-apiserver.ts';
import { kubeControllerManager } from '../components/kube-controller-manager.ts';
import { kubeScheduler } from '../components/kube-scheduler.ts';
import type { Component, MachineContext, MachinePart } from './machine-plan.ts';

const COMPONENTS: readonly Component[] = [kubeApiserver, kubeControllerManager, kubeScheduler, bootstrap];

/**
 * What makes a machine a part of the control plane: API server, controller-manager, scheduler and the bootstrap unit.
 *
 * The kubelet that runs them, etcd and the VIP are parts of their own.
 */
export function controlPlaneParts(context: MachineContext): readonly MachinePart[] {
  return COMPONENTS.map((component) => component(context));
}
