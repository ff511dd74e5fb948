import { apiBalancer } from '../components/api-balancer.ts';
import type { MachineContext, MachinePart } from './machine-plan.ts';

/**
 * What makes a machine a worker, beside what every Kubernetes machine has: the node-local balancer in front of the API
 * servers.
 */
export function workerParts(context: MachineContext): readonly MachinePart[] {
  return [apiBalancer(context)];
}
