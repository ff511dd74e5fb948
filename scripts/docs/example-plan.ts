import { readFileSync } from 'node:fs';
import { nodePorts } from '../../lib/node-ports.ts';
import { planCertificates } from '../../lib/pki/certificates.ts';
import { issueCertificates } from '../../lib/pki/issue-certificates.ts';
import type { ClusterPlan } from '../../lib/plan/cluster-plan.ts';
import { planCluster } from '../../lib/plan/plan-cluster.ts';
import { createSecrets } from '../../lib/secrets/bundle.ts';
import { parseClusterSpec } from '../../lib/spec/parse.ts';
import { resolveCluster } from '../../lib/spec/resolve.ts';

/** The plan of the reference topology, with keys that nobody keeps: the documents name paths, never contents. */
export async function examplePlan(): Promise<ClusterPlan> {
  const file = new URL('../../examples/ha/cluster.yaml', import.meta.url);
  const { spec } = parseClusterSpec(readFileSync(file), { file: 'examples/ha/cluster.yaml' });
  if (spec === null) throw new Error('examples/ha/cluster.yaml has errors');
  const { cluster } = resolveCluster(spec);
  const { clock, random } = nodePorts();
  const secrets = await createSecrets(cluster, { clock, random });
  const issued = await issueCertificates(planCertificates(cluster), secrets, { clock, random, settings: cluster.pki });
  return planCluster(cluster, issued.bundle, { files: {}, assets: [] });
}
