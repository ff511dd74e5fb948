import { basename, dirname, join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Authority } from '../pki/authority-pem.ts';
import { createAuthority } from '../pki/create-authority.ts';
import { generateKey, type KeyGenerator, type KeyPair } from '../pki/keys.ts';
import { encodePem } from '../pki/pem.ts';
import type { AuthorityName } from '../pki/pki-bundle.ts';
import type { FilesPort, Ports } from '../ports.ts';
import { readBundleDocument, writeBundleDocument } from './bundle-document.ts';
import { encryptFor, type OpenOptions, openFile } from './encrypted-file.ts';
import { withSecretsLock } from './lock-secrets.ts';
import { AUTHORITY_NAMES, type BundleEncryption, type SecretsBundle } from './secrets-bundle.ts';

/** Far above any bundle, far below what a parser chokes on. */
const BUNDLE_LIMIT_BYTES = 512 * 1024;
const SECRET_FILE_MODE = 0o600;

const COMMON_NAMES: Readonly<Record<AuthorityName, string>> = {
  kubernetes: 'kubernetes-ca',
  'node-signer': 'node-signer-ca',
  etcd: 'etcd-ca',
  'etcd-peer': 'etcd-peer-ca',
  'front-proxy': 'front-proxy-ca',
};

export interface CreateSecretsOptions {
  readonly encryption?: BundleEncryption | null;
  readonly generateKey?: KeyGenerator;
  readonly signal?: AbortSignal;
}

/**
 * Makes the identity of a new cluster: its CAs, keys and token. Writes nothing.
 *
 * @param cluster - Its name and PKI settings are used.
 * @throws KeelwayError `PKI_LIFETIME_INVALID` when leaves would outlive the CAs.
 */
export async function createSecrets(
  cluster: Pick<Cluster, 'name' | 'pki'>,
  ports: Pick<Ports, 'clock' | 'random'>,
  options: CreateSecretsOptions = {},
): Promise<SecretsBundle> {
  const { pki } = cluster;
  if (pki.leafValiditySeconds > pki.caValiditySeconds) {
    throw new KeelwayError({
      code: 'PKI_LIFETIME_INVALID',
      message: 'certificates would live longer than the CAs that sign them',
      hint: 'make spec.pki.leafLifetime shorter than spec.pki.caLifetime',
    });
  }
  const { clock, random } = ports;
  const newKey = options.generateKey ?? generateKey;
  const createdSeconds = clock.nowSeconds();
  const hex = (bytes: number): string => Buffer.from(random.bytes(bytes)).toString('hex');
  const base64 = (bytes: number): string => Buffer.from(random.bytes(bytes)).toString('base64');
  const authorities: [AuthorityName, readonly Authority[]][] = [];
  for (const name of AUTHORITY_NAMES) {
    options.signal?.throwIfAborted();
    // The suffix tells a CA from the one that later takes its place.
    const request = {
      commonName: `${COMMON_NAMES[name]}-${hex(4)}`,
      organization: cluster.name,
      algorithm: pki.keyAlgorithm,
      notBeforeSeconds: createdSeconds - pki.backdateSeconds,
      notAfterSeconds: createdSeconds + pki.caValiditySeconds,
    };
    authorities.push([name, [await createAuthority(request, random, newKey)]]);
  }
  const serviceAccountKey = await newKey(pki.keyAlgorithm);
  return {
    clusterName: cluster.name,
    clusterId: hex(16),
    createdSeconds,
    encryption: options.encryption ?? null,
    authorities: Object.fromEntries(authorities) as unknown as SecretsBundle['authorities'],
    serviceAccountKeys: [
      { privateKeyPem: serviceAccountKey.privateKeyPem, publicKeyPem: publicKeyPemOf(serviceAccountKey) },
    ],
    encryptionKeys: [{ name: 'key-1', secretBase64: base64(32) }],
    etcdToken: hex(16),
    leafSealBase64: base64(32),
  };
}

/**
 * Writes a new bundle (0600, encrypted as it says), whole or not at all; never replaces a file.
 *
 * @throws KeelwayError `SECRETS_EXIST`, `OUTPUT_UNWRITABLE`, `USAGE_INVALID` for a wrong recipient, `TOOL_MISSING`,
 * `LOCK_BUSY`.
 */
export async function saveSecrets(
  bundle: SecretsBundle,
  path: string,
  ports: Pick<Ports, 'files' | 'exec'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { files } = ports;
  if ((await files.stat(path)) !== null) throw secretsExist(path);
  const contents = await encryptFor(bundle.encryption, writeBundleDocument(bundle), path, ports, options.signal);
  await files.makeDirectory(dirname(path), 0o755);
  const write = async (): Promise<void> => {
    await removeUnfinished(path, files);
    await files.writeOnce(path, contents, SECRET_FILE_MODE);
  };
  try {
    await withSecretsLock(path, files, write, options.signal);
  } catch (error) {
    // Somebody else's file, made in this moment, stays.
    throw isExistsError(error) ? secretsExist(path) : error;
  }
}

/** Keys of a cluster that was never made: a killed run left them. */
async function removeUnfinished(path: string, files: FilesPort): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await files.list(dirname(path))) {
    const isUnfinished = name.startsWith(prefix) && /^\d+-\d+\.tmp$/.test(name.slice(prefix.length));
    if (isUnfinished) await files.remove(join(dirname(path), name));
  }
}

/**
 * Reads and checks a bundle, decrypting it by what it is.
 *
 * @param clusterName - The cluster it must belong to; null: any.
 * @throws KeelwayError `SECRETS_MISSING`, `SECRETS_LOCKED`, `SECRETS_INVALID`, `SECRETS_MISMATCH`, `PKI_KEY_INVALID`,
 * `INPUT_UNREADABLE`, `TOOL_MISSING`.
 */
export async function loadSecrets(
  path: string,
  clusterName: string | null,
  ports: Pick<Ports, 'files' | 'exec'>,
  options: OpenOptions = {},
): Promise<SecretsBundle> {
  if ((await ports.files.stat(path)) === null) {
    throw new KeelwayError({
      code: 'SECRETS_MISSING',
      message: `there is no secrets bundle at ${path}`,
      hint: 'create it once with `keelway secrets create CLUSTER_FILE`; it is the identity of the cluster',
    });
  }
  const { text, format } = await openFile(path, BUNDLE_LIMIT_BYTES, ports, options);
  const bundle = await readBundleDocument(text, path);
  if (clusterName !== null && bundle.clusterName !== clusterName) {
    throw new KeelwayError({
      code: 'SECRETS_MISMATCH',
      message: `${path} belongs to the cluster ${bundle.clusterName}, not to ${clusterName}`,
      hint: 'name the right bundle with --secrets PATH; a renamed cluster is a new cluster',
    });
  }
  return { ...bundle, encryption: effectiveEncryption(bundle.encryption, format, path) };
}

/** The leaves are encrypted like the bundle, so what it says and how it lies must agree. */
function effectiveEncryption(
  written: BundleEncryption | null,
  format: BundleEncryption['format'] | null,
  path: string,
): BundleEncryption | null {
  if ((written?.format ?? null) === format) return written;
  // Encrypted by hand: sops finds the recipients itself, age files do not name theirs.
  if (format === 'sops') return { format, recipients: [] };
  throw new KeelwayError({
    code: 'SECRETS_INVALID',
    message:
      format === null
        ? `${path} says it is encrypted with ${written?.format} but lies in plain text`
        : `${path} is encrypted with age but does not say to whom`,
    hint:
      format === null
        ? 'encrypt it again, or remove its `encryption` to keep it in plain text'
        : 'add `encryption: {format: age, recipients: [age1...]}` to it and encrypt it again',
  });
}

function publicKeyPemOf(key: KeyPair): string {
  return encodePem('PUBLIC KEY', Buffer.from(key.publicKeyDer));
}

function secretsExist(path: string): KeelwayError {
  return new KeelwayError({
    code: 'SECRETS_EXIST',
    message: `${path} exists already`,
    hint: 'it is the identity of a cluster and is never replaced; choose another place with --secrets PATH',
  });
}

function isExistsError(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
}
