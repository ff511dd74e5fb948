import { GRACE_MS } from '../../support/explained-errors.ts';
import type { TestLab } from '../test-lab.ts';
import { listed } from './ask.ts';

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly ready: boolean;
      readonly lastState: { readonly terminated?: { readonly finishedAt: string } };
    }[];
  };
}

export interface ContainerState {
  readonly pod: string;
  readonly ready: boolean;
  /** Without the one of a controller-manager that gave up waiting for its API server, as it should. */
  readonly restarts: number;
}

/** The container of each pod; of pods of all namespaces. One that has no state yet is not ready. */
export async function containerStates(up: TestLab): Promise<readonly ContainerState[]> {
  const pods = await listed<Pod>(up.lab, 'pods', '--all-namespaces');
  return await Promise.all(
    pods.map(async (pod) => {
      const [container] = pod.status.containerStatuses ?? [];
      const restarts = container?.restartCount ?? 0;
      const isRight = restarts === 1 && (await gaveUpInTime(up, pod));
      return { pod: pod.metadata.name, ready: container?.ready ?? false, restarts: isRight ? 0 : restarts };
    }),
  );
}

/**
 * A controller-manager gives up after ten seconds of an API server that is slow to start, and is right then; not when the
 * API servers were ready.
 */
async function gaveUpInTime({ lab, startTimes }: TestLab, { metadata, status }: Pod): Promise<boolean> {
  if (!metadata.name.startsWith('kube-controller-manager-')) return false;
  const ended = status.containerStatuses?.[0]?.lastState.terminated;
  if (ended === undefined || Date.parse(ended.finishedAt) > startTimes().apiReadyMs + GRACE_MS) return false;
  const log = await lab.kubectl(['logs', '--previous', `--namespace=${metadata.namespace}`, metadata.name]);
  return log.includes('failed to wait for apiserver being healthy');
}
