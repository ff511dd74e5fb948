import { KeelwayError } from '../errors.ts';
import type { Cluster } from '../model/cluster.ts';
import { type IssueResult, issueCertificates } from '../pki/issue-certificates.ts';
import { loadLeaves, saveLeaves } from '../pki/leaf-store.ts';
import type { CertificateRequest } from '../pki/pki-bundle.ts';
import type { Ports } from '../ports.ts';
import { loadSecrets } from '../secrets/bundle.ts';
import type { SecretsBundle } from '../secrets/secrets-bundle.ts';

export interface SecretsPlace {
  /** The bundle, absolute; its kept leaves lie beside it. */
  readonly path: string;
  /** The same for messages. */
  readonly shown: string;
  /** File with age identities, for an encrypted bundle. */
  readonly identityFile: string | null;
  /** The command that creates the bundle, for the message when there is none. */
  readonly createCommand: string;
  readonly signal?: AbortSignal | undefined;
}

export interface IssuedForCluster extends IssueResult {
  readonly secrets: SecretsBundle;
  /** Keeps what was issued; call it before anything made from it leaves this process. Does nothing when all was reused. */
  readonly keep: () => Promise<void>;
}

/**
 * Issues certificates from a cluster's secrets bundle, reusing the kept ones. Writes nothing until `keep` is called.
 *
 * @throws {@link KeelwayError} `SECRETS_MISSING` and the other errors of loadSecrets, loadLeaves and issueCertificates.
 */
export async function issueForCluster(
  cluster: Cluster,
  requests: readonly CertificateRequest[],
  place: SecretsPlace,
  ports: Ports,
): Promise<IssuedForCluster> {
  const { path, identityFile, signal } = place;
  if ((await ports.files.stat(path)) === null) {
    throw new KeelwayError({
      code: 'SECRETS_MISSING',
      message: `the cluster ${cluster.name} has no secrets yet: there is no ${place.shown}`,
      hint: `make them once, and keep the file: ${place.createCommand}`,
    });
  }
  const secrets = await loadSecrets(path, cluster.name, ports, { identityFile, signal });
  const kept = await loadLeaves(path, requests, secrets, ports, { identityFile, signal });
  const result = await issueCertificates(requests, secrets, {
    clock: ports.clock,
    random: ports.random,
    settings: cluster.pki,
    kept: kept.leaves,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    ...result,
    secrets,
    keep: async () => {
      await saveLeaves(path, kept, result.leaves, secrets, ports, { signal });
    },
  };
}
