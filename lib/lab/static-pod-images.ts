import { parse } from 'yaml';
import { STATIC_POD_DIRECTORY } from '../components/static-pod.ts';
import type { MachinePlan } from '../plan/machine-plan.ts';

const CONTAINERD_CONFIG = '/etc/containerd/config.toml';

/** References of every image that a machine runs from its own files: its static pods', and the sandbox of all pods. */
export function staticPodImages(plan: MachinePlan): readonly string[] {
  const pods = plan.files.filter(({ path }) => path.startsWith(`${STATIC_POD_DIRECTORY}/`));
  const images = pods.flatMap(({ contents }) => {
    const pod = parse(contents) as { spec: { containers: { image: string }[] } };
    return pod.spec.containers.map(({ image }) => image);
  });
  const config = plan.files.find(({ path }) => path === CONTAINERD_CONFIG)?.contents ?? '';
  const sandbox = /^\s*sandbox = '([^']+)'$/m.exec(config)?.[1];
  return [...(sandbox === undefined ? [] : [sandbox]), ...images];
}
