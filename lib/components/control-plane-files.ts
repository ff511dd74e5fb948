import { KeelwayError } from '../errors.ts';
import type { IssuedCertificate, PkiBundle } from '../pki/pki-bundle.ts';
import type { MachineContext, PlannedDirectory, PlannedFile } from '../plan/machine-plan.ts';

/**
 * One folder for each component, so that a pod mounts its own material and no other's, and sees files that are replaced.
 * Each holds a copy of the trust bundles its component needs.
 */
export const API_SERVER_PKI = '/etc/kubernetes/pki/apiserver';
export const CONTROLLER_MANAGER_PKI = '/etc/kubernetes/pki/controller-manager';
export const SCHEDULER_PKI = '/etc/kubernetes/pki/scheduler';

/** Configuration files of the API server. */
export const API_SERVER_CONFIG = '/etc/kubernetes/apiserver';

/** The API server of the machine itself: what control-plane components talk to, so that none depends on the VIP. */
export function localApiServer(context: MachineContext): string {
  return `https://127.0.0.1:${context.cluster.controlPlane.port}`;
}

/**
 * What API servers accept client certificates from: PEM of the kubernetes and node-signer CAs. Kubelets accept the
 * kubernetes CA only: their callers are API servers, and none of those has a certificate of the node-signer.
 */
export function clientAuthorities(pki: PkiBundle): string {
  return joinPem([pki.trust.kubernetes, pki.trust['node-signer']]);
}

/** PEM texts one after the other, each ended by one newline. */
export function joinPem(texts: readonly string[]): string {
  return texts.map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('');
}

export function rootDirectory(path: string, mode: number): PlannedDirectory {
  return { path, mode, owner: 'root', group: 'root' };
}

/** A configuration file that only root reads and that holds no secret. */
export function configFile(path: string, contents: string): PlannedFile {
  return { path, contents, mode: 0o600, owner: 'root', group: 'root', secret: false };
}

/** A public certificate, bundle or key. */
export function publicFile(path: string, contents: string): PlannedFile {
  return { path, contents: joinPem([contents]), mode: 0o644, owner: 'root', group: 'root', secret: false };
}

/** A private key or other secret. */
export function secretFile(path: string, contents: string): PlannedFile {
  return { path, contents, mode: 0o600, owner: 'root', group: 'root', secret: true };
}

/**
 * Certificate and key of one of the machine's leaves, as `<name>.crt` and `<name>.key`.
 *
 * @param certificateMode - The key's is 0600.
 * @throws {@link KeelwayError} `PLAN_INVALID` when the bundle lacks the leaf.
 */
export function leafFiles(
  context: MachineContext,
  id: string,
  directory: string,
  name: string,
  certificateMode = 0o644,
): PlannedFile[] {
  const leaf = requireLeaf(context, id);
  return [
    { ...publicFile(`${directory}/${name}.crt`, leaf.certificatePem), mode: certificateMode },
    secretFile(`${directory}/${name}.key`, joinPem([leaf.keyPem])),
  ];
}

function requireLeaf({ machine, pki }: MachineContext, id: string): IssuedCertificate {
  const leaf = pki.leaves.get(`${machine.name}/${id}`);
  if (leaf !== undefined) return leaf;
  throw new KeelwayError({
    code: 'PLAN_INVALID',
    message: `the certificate ${machine.name}/${id} is missing from the PKI bundle`,
    hint: 'issue every certificate that planCertificates names for the cluster first',
  });
}

/**
 * The CA whose key the control-plane machines hold, or null with `pki.nodeSigner: offline`.
 *
 * @throws {@link KeelwayError} `PLAN_INVALID` when it should be online and the bundle lacks it.
 */
export function nodeSigner({ cluster, pki }: MachineContext): PkiBundle['nodeSigner'] {
  if (cluster.pki.nodeSigner === 'offline') return null;
  if (pki.nodeSigner !== null) return pki.nodeSigner;
  throw new KeelwayError({
    code: 'PLAN_INVALID',
    message: 'pki.nodeSigner is online, but the PKI bundle lacks the node-signer',
    hint: 'issue the certificates with the same cluster settings that are planned',
  });
}
