import { fileURLToPath } from 'node:url';
import { loadCluster, readClusterFile } from '../../lib/build/load-cluster.ts';
import { readInputs } from '../../lib/build/read-inputs.ts';
import { type RenderedBuild, renderBuild } from '../../lib/build/render-build.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { createHash } from '../../lib/output/hash.ts';
import type { ClusterPlan } from '../../lib/plan/cluster-plan.ts';
import { planCluster } from '../../lib/plan/plan-cluster.ts';
import type { ExampleName } from '../support/clusters.ts';
import { planForReal } from './plan-for-real.ts';

export interface BuiltExample extends RenderedBuild {
  readonly plan: ClusterPlan;
  /** Bytes of an output by its path in the output folder. */
  output(path: string): Buffer;
}

/** Builds an example with a new identity, in memory. */
export async function buildExample(name: ExampleName): Promise<BuiltExample> {
  const { files } = nodePorts();
  const path = fileURLToPath(new URL(`../../examples/${name}/cluster.yaml`, import.meta.url));
  const loaded = loadCluster(await readClusterFile(files, path, path));
  const inputs = await readInputs(loaded, files);
  const { pki, secrets } = await planForReal(loaded.cluster, { inputs });
  const plan = planCluster(loaded.cluster, pki, inputs);
  const rendered = renderBuild(plan, secrets.createdSeconds, createHash());
  return {
    ...rendered,
    plan,
    output: (wanted) => {
      const found = rendered.outputs.find((output) => output.path === wanted);
      if (found === undefined) throw new Error(`${name} has no output ${wanted}`);
      return Buffer.from(found.contents as Uint8Array);
    },
  };
}
