import type { MachineContext } from '../plan/machine-plan.ts';
import { localApiServer } from './control-plane-files.ts';

/** Where a worker's balancer listens, on loopback only. */
export const API_BALANCER_PORT = 7445;
export const API_BALANCER_UNIT = 'keelway-api-balancer.service';

/**
 * The API server that kubelet and kube-proxy of a machine talk to: its own on the control plane, the node-local balancer
 * on workers. Nothing on a machine depends on the VIP.
 */
export function apiServerOf(context: MachineContext): string {
  return context.machine.role === 'control-plane' ? localApiServer(context) : `https://127.0.0.1:${API_BALANCER_PORT}`;
}
