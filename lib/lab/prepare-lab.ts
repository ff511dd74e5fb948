import { issueForCluster, type SecretsPlace } from '../build/issue-for-cluster.ts';
import type { LoadedCluster } from '../build/load-cluster.ts';
import { withPositions } from '../build/plan-build.ts';
import { readInputs } from '../build/read-inputs.ts';
import { renderBuild } from '../build/render-build.ts';
import { bgpPassword } from '../components/bgp-password.ts';
import { KeelwayError } from '../errors.ts';
import type { Issue, IssuePath } from '../issue.ts';
import type { Cluster, ClusterInputs } from '../model/cluster.ts';
import { createHash } from '../output/hash.ts';
import { planCertificates } from '../pki/certificates.ts';
import { issueCertificates } from '../pki/issue-certificates.ts';
import { renderKubeconfig } from '../pki/kubeconfig.ts';
import type { PkiBundle } from '../pki/pki-bundle.ts';
import { planCluster } from '../plan/plan-cluster.ts';
import type { Ports } from '../ports.ts';
import { createSecrets } from '../secrets/bundle.ts';
import { withSecretsLock } from '../secrets/lock-secrets.ts';
import { locateIssues } from '../spec/locate.ts';
import type { LabInput } from './machine-plans.ts';

const ADMIN = 'operator/admin';

/**
 * Everything that a lab needs of a cluster: what `build` renders, and the operator's kubeconfig.
 *
 * @param place - The cluster's secrets; null makes new ones, which nobody keeps.
 * @throws {@link KeelwayError} of every stage of a build; `LAB_UNSUPPORTED` for machines of another OS than the node image's, and for
 * an offline node-signer.
 */
export async function prepareLab(loaded: LoadedCluster, place: SecretsPlace | null, ports: Ports): Promise<LabInput> {
  const { cluster, source } = loaded;
  try {
    refuseUnsupported(cluster);
    const inputs = await readInputs(loaded, ports.files);
    const pki = await certificatesFor(cluster, place, ports);
    const hash = createHash();
    const plan = planCluster(cluster, pki, inputs, hash);
    const { outputs } = renderBuild(plan, pki.createdSeconds, hash);
    const seeds = plan.machines.map(({ machine }) => {
      const seed = outputs.find(({ path }) => path === `machines/${machine.name}/seed.cpio`)?.contents;
      return [machine.name, typeof seed === 'string' ? new TextEncoder().encode(seed) : (seed ?? new Uint8Array())];
    });
    return {
      cluster,
      machines: plan.machines,
      seeds: Object.fromEntries(seeds) as Record<string, Uint8Array>,
      kubeconfig: kubeconfigOf(cluster, pki),
      routerPasswords: routerPasswords(cluster, inputs),
    };
  } catch (error) {
    throw withPositions(error, source);
  }

  function refuseUnsupported({ machines, pki }: Cluster): void {
    const systems = machines.flatMap(({ name, os }, index): Issue[] =>
      os === 'debian'
        ? []
        : [
            unsupported(
              ['machines', index],
              `${name} runs ${os}; a lab has machines with Keelway's node OS (debian) only`,
            ),
          ],
    );
    const signer =
      pki.nodeSigner === 'online'
        ? []
        : [
            unsupported(
              ['pki', 'nodeSigner'],
              'with an offline node-signer a person gives the cluster its first permissions',
            ),
          ];
    const issues = [...systems, ...signer];
    if (issues.length === 0) return;
    const changes = [
      ...(systems.length > 0 ? ['os: debian'] : []),
      ...(signer.length > 0 ? ['nodeSigner: online'] : []),
    ];
    throw new KeelwayError({
      code: 'LAB_UNSUPPORTED',
      message: 'this cluster cannot come up in a lab',
      hint: `try a copy of the cluster file with ${changes.join(' and ')}`,
      issues: locateIssues(issues, source),
    });
  }
}

function unsupported(path: IssuePath, message: string): Issue {
  return { severity: 'error', code: 'LAB_UNSUPPORTED', path: ['spec', ...path], message };
}

async function certificatesFor(cluster: Cluster, place: SecretsPlace | null, ports: Ports): Promise<PkiBundle> {
  const requests = planCertificates(cluster);
  if (place !== null) {
    return await withSecretsLock(place.path, ports.files, async () => {
      const issued = await issueForCluster(cluster, requests, place, ports);
      await issued.keep();
      return issued.bundle;
    });
  }
  const secrets = await createSecrets(cluster, ports);
  const issued = await issueCertificates(requests, secrets, {
    clock: ports.clock,
    random: ports.random,
    settings: cluster.pki,
  });
  return issued.bundle;
}

function kubeconfigOf(cluster: Cluster, pki: PkiBundle): string {
  const { host, port } = cluster.controlPlane.endpoint;
  const admin = pki.leaves.get(ADMIN);
  if (admin === undefined) throw new RangeError('the plan has no certificate for the operator');
  return renderKubeconfig({
    clusterName: cluster.name,
    server: `https://${host}:${port}`,
    user: 'admin',
    certificateAuthority: { pem: pki.trust.kubernetes },
    credentials: { certificatePem: admin.certificatePem, keyPem: admin.keyPem },
  });
}

function routerPasswords(cluster: Cluster, inputs: ClusterInputs): Record<string, string> {
  const passwords: Record<string, string> = {};
  for (const { address, passwordFile } of cluster.controlPlane.vip?.bgp?.routers ?? []) {
    const password = bgpPassword(inputs, passwordFile, []);
    if (password !== null) passwords[address] = password;
  }
  return passwords;
}
