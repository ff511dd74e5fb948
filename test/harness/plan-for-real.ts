import type { Cluster, ClusterInputs } from '../../lib/model/cluster.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { planCertificates } from '../../lib/pki/certificates.ts';
import { issueCertificates } from '../../lib/pki/issue-certificates.ts';
import type { PkiBundle } from '../../lib/pki/pki-bundle.ts';
import type { MachinePlan } from '../../lib/plan/machine-plan.ts';
import { planCluster } from '../../lib/plan/plan-cluster.ts';
import { createSecrets } from '../../lib/secrets/bundle.ts';
import type { SecretsBundle } from '../../lib/secrets/secrets-bundle.ts';

export interface RealPlan {
  readonly cluster: Cluster;
  readonly secrets: SecretsBundle;
  readonly pki: PkiBundle;
  machine(name: string): MachinePlan;
}

const NO_INPUTS: ClusterInputs = { files: {}, assets: [] };

/** Plans a cluster with real certificates: a new identity, or the one of `secrets`. */
export async function planForReal(
  cluster: Cluster,
  options: { readonly inputs?: ClusterInputs; readonly secrets?: SecretsBundle } = {},
): Promise<RealPlan> {
  const ports = nodePorts();
  const secrets = options.secrets ?? (await createSecrets(cluster, ports));
  const { bundle: pki } = await issueCertificates(planCertificates(cluster), secrets, {
    ...ports,
    settings: cluster.pki,
  });
  const plan = planCluster(cluster, pki, options.inputs ?? NO_INPUTS);
  return {
    cluster,
    secrets,
    pki,
    machine(name) {
      const found = plan.machines.find(({ machine }) => machine.name === name);
      if (found === undefined) throw new Error(`no machine is called ${name}`);
      return found;
    },
  };
}
