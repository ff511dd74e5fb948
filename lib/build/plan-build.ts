import { KeelwayError } from '../errors.ts';
import type { Issue } from '../issue.ts';
import type { ClusterInputs } from '../model/cluster.ts';
import { createHash, type Hash } from '../output/hash.ts';
import { planCertificates } from '../pki/certificates.ts';
import type { ClusterPlan } from '../plan/cluster-plan.ts';
import { planCluster } from '../plan/plan-cluster.ts';
import type { Ports } from '../ports.ts';
import { locateIssues } from '../spec/locate.ts';
import type { SourceDocument } from '../spec/source-document.ts';
import { checkSupport } from './check-support.ts';
import { type IssuedForCluster, issueForCluster, type SecretsPlace } from './issue-for-cluster.ts';
import type { LoadedCluster } from './load-cluster.ts';
import { readInputs } from './read-inputs.ts';

/** A cluster, planned to the last file; nothing is written yet. */
export interface PlannedBuild {
  readonly plan: ClusterPlan;
  readonly issued: IssuedForCluster;
  /** Of every stage, with positions, in the order of the cluster file. */
  readonly warnings: readonly Issue[];
  /** Knows the contents of the plan already. */
  readonly hash: Hash;
}

/**
 * Reads what a cluster file names, issues or reuses its certificates and plans every machine. Writes nothing.
 *
 * @throws {@link KeelwayError} of any stage; findings in it have their position in the cluster file.
 */
export async function planBuild(loaded: LoadedCluster, place: SecretsPlace, ports: Ports): Promise<PlannedBuild> {
  const { cluster, source } = loaded;
  try {
    const inputs: ClusterInputs = await readInputs(loaded, ports.files);
    const issued = await issueForCluster(cluster, planCertificates(cluster), place, ports);
    const hash = createHash();
    const plan = planCluster(cluster, issued.bundle, inputs, hash);
    const support = checkSupport(cluster.versions.kubernetes, ports.clock.nowSeconds());
    const warnings = locateIssues([...loaded.warnings, ...support, ...issued.warnings], source);
    return { plan, issued, warnings, hash };
  } catch (error) {
    throw withPositions(error, source);
  }
}

/** The same error with the place of each finding in the cluster file. */
export function withPositions(error: unknown, source: SourceDocument): unknown {
  if (!(error instanceof KeelwayError) || error.issues.length === 0) return error;
  const { code, message, hint, issues } = error;
  return new KeelwayError({ code, message, hint, issues: locateIssues(issues, source), cause: error });
}
