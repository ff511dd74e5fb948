import { KeelwayError } from '../errors.ts';
import type { Issue } from '../issue.ts';
import type { PkiSettings } from '../model/cluster.ts';
import type { ClockPort, RandomPort } from '../ports.ts';
import { AUTHORITY_NAMES, type SecretsBundle } from '../secrets/secrets-bundle.ts';
import { openAuthority, type Signer } from './authority.ts';
import { issueLeaf, leafEnd } from './issue-leaf.ts';
import { describeChange, hashRequest, type KeptLeaf } from './kept-leaf.ts';
import { generateKey, type KeyGenerator } from './keys.ts';
import type { AuthorityName, CertificateRequest, PkiBundle } from './pki-bundle.ts';

export interface IssueOptions {
  readonly clock: ClockPort;
  /** Serial numbers. */
  readonly random: RandomPort;
  readonly settings: PkiSettings;
  /** Leaves of earlier runs, by request id; see loadLeaves. */
  readonly kept?: ReadonlyMap<string, KeptLeaf>;
  readonly generateKey?: KeyGenerator;
  readonly signal?: AbortSignal;
}

export interface IssueResult {
  readonly bundle: PkiBundle;
  /** One for every request, in their order; a reused one is the very object of `kept`. Keep them with saveLeaves. */
  readonly leaves: ReadonlyMap<string, KeptLeaf>;
  /** What was issued in this run and why, in the order of the requests: `new`, `new SAN api.example.com`. */
  readonly issued: readonly { readonly id: string; readonly reason: string }[];
  readonly reused: number;
  readonly warnings: readonly Issue[];
}

/** RSA keys come from Node's thread pool, which has four threads. */
const PARALLEL_KEYS = 4;
/** Between two looks at the event loop, so that an abort is heard in a large cluster. */
const LEAVES_BETWEEN_PAUSES = 256;

/**
 * Issues the leaves of a cluster: reuses every kept one that still fits, makes a key and a certificate for the others.
 *
 * A kept leaf is issued again when its request, its CA or the key algorithm changed, or when less than
 * `renewBeforeSeconds` is left and a new one would live longer.
 *
 * @throws KeelwayError `PKI_CLOCK_BACKWARDS` when the clock is before the bundle's creation or a kept leaf's start;
 * `PKI_LIFETIME_INVALID`, `PKI_SAN_EMPTY`, `PKI_SAN_INVALID`, `PKI_KEY_INVALID`, `SECRETS_INVALID`.
 */
export async function issueCertificates(
  requests: readonly CertificateRequest[],
  secrets: SecretsBundle,
  options: IssueOptions,
): Promise<IssueResult> {
  const nowSeconds = options.clock.nowSeconds();
  checkClock(nowSeconds, requests, secrets, options.kept);
  checkSettings(options.settings);
  const signers = signersOf(requests, secrets);
  const reasons = requests.map((request) => issueReason(request, signers, nowSeconds, options));
  const due = requests.filter((_, index) => reasons[index] !== null);
  const fresh = await issueAll(due, signers, nowSeconds, options);
  const leaves = new Map(requests.map(({ id }) => [id, (fresh.get(id) ?? options.kept?.get(id)) as KeptLeaf]));
  return {
    bundle: bundleOf(leaves, secrets, options.settings),
    leaves,
    issued: requests.flatMap(({ id }, index) => {
      const reason = reasons[index];
      return typeof reason === 'string' ? [{ id, reason }] : [];
    }),
    reused: requests.length - due.length,
    warnings: endingAuthorities(due, signers, nowSeconds),
  };
}

type Signers = ReadonlyMap<AuthorityName, Signer>;

function signersOf(requests: readonly CertificateRequest[], secrets: SecretsBundle): Signers {
  const signers = new Map<AuthorityName, Signer>();
  for (const { authority: name, id } of requests) {
    if (signers.has(name)) continue;
    const authority = secrets.authorities[name]?.[0];
    if (authority === undefined) {
      throw new KeelwayError({
        code: 'PKI_SIGNER_UNKNOWN',
        message: `certificate ${id} wants the CA ${name}, which does not exist`,
      });
    }
    signers.set(name, openAuthority(authority, `authorities.${name}[0]`));
  }
  return signers;
}

/** Null: the kept leaf fits. */
function issueReason(
  request: CertificateRequest,
  signers: Signers,
  nowSeconds: number,
  { kept, settings }: IssueOptions,
): string | null {
  const leaf = kept?.get(request.id);
  if (leaf === undefined) return 'new';
  const change = describeChange(leaf, request, settings.keyAlgorithm);
  if (change !== null) return change;
  const signer = signers.get(request.authority) as Signer;
  if (leaf.authorityFingerprint !== signer.fingerprint) return 'authority changed';
  const { notAfterSeconds } = leaf.certificate;
  if (notAfterSeconds <= nowSeconds) return 'expired';
  // A leaf that already ends with its CA cannot be bettered by a new one.
  const due = notAfterSeconds - nowSeconds < settings.renewBeforeSeconds;
  return due && leafEnd(request, signer, nowSeconds) > notAfterSeconds ? 'renewal window opened' : null;
}

async function issueAll(
  due: readonly CertificateRequest[],
  signers: Signers,
  nowSeconds: number,
  options: IssueOptions,
): Promise<ReadonlyMap<string, KeptLeaf>> {
  const { keyAlgorithm, backdateSeconds } = options.settings;
  const newKey = options.generateKey ?? generateKey;
  const leaves = new Map<string, KeptLeaf>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let request = due[next++]; request !== undefined; request = due[next++]) {
      if (next % LEAVES_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
      options.signal?.throwIfAborted();
      const signer = signers.get(request.authority) as Signer;
      const key = await newKey(keyAlgorithm);
      leaves.set(request.id, {
        request,
        keyAlgorithm,
        requestHash: hashRequest(request, keyAlgorithm),
        authorityFingerprint: signer.fingerprint,
        certificate: issueLeaf(request, key, signer, { nowSeconds, backdateSeconds }, options.random),
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: keyAlgorithm === 'RSA-2048' ? PARALLEL_KEYS : 1 }, work));
  } finally {
    // After a failure the other workers have nothing left to do.
    next = due.length;
  }
  return leaves;
}

function bundleOf(leaves: ReadonlyMap<string, KeptLeaf>, secrets: SecretsBundle, settings: PkiSettings): PkiBundle {
  const trust = AUTHORITY_NAMES.map((name) => [
    name,
    secrets.authorities[name].map((each) => each.certificatePem).join(''),
  ]);
  const [nodeSigner] = secrets.authorities['node-signer'];
  const [serviceAccountKey] = secrets.serviceAccountKeys;
  if (typeof serviceAccountKey?.privateKeyPem !== 'string') {
    throw new KeelwayError({
      code: 'SECRETS_INVALID',
      message: 'secrets bundle: serviceAccountKeys[0].key is missing',
    });
  }
  return {
    trust: Object.fromEntries(trust) as Record<AuthorityName, string>,
    leaves: new Map([...leaves].map(([id, leaf]) => [id, leaf.certificate])),
    nodeSigner:
      settings.nodeSigner === 'offline' || typeof nodeSigner?.keyPem !== 'string'
        ? null
        : { certificatePem: nodeSigner.certificatePem, keyPem: nodeSigner.keyPem },
    serviceAccount: {
      privateKeyPem: serviceAccountKey.privateKeyPem,
      publicKeysPem: secrets.serviceAccountKeys.map((key) => key.publicKeyPem),
    },
    encryptionKeys: secrets.encryptionKeys,
    etcdToken: secrets.etcdToken,
    createdSeconds: secrets.createdSeconds,
  };
}

function checkClock(
  nowSeconds: number,
  requests: readonly CertificateRequest[],
  secrets: SecretsBundle,
  kept: ReadonlyMap<string, KeptLeaf> | undefined,
): void {
  const starts = requests.map(({ id }) => kept?.get(id)?.certificate.notBeforeSeconds ?? 0);
  const latest = starts.reduce((left, right) => Math.max(left, right), 0);
  const [floor, what] =
    latest > secrets.createdSeconds
      ? [latest, 'a kept certificate is valid only from']
      : [secrets.createdSeconds, 'the secrets bundle was created at'];
  if (nowSeconds >= floor) return;
  throw new KeelwayError({
    code: 'PKI_CLOCK_BACKWARDS',
    message: `this machine's clock says ${iso(nowSeconds)}, but ${what} ${iso(floor)}`,
    hint: 'set the clock right (chronyc tracking, timedatectl); certificates issued now would be dated wrong',
  });
}

function checkSettings({ leafValiditySeconds, renewBeforeSeconds }: PkiSettings): void {
  if (renewBeforeSeconds < leafValiditySeconds) return;
  throw new KeelwayError({
    code: 'PKI_LIFETIME_INVALID',
    message: 'certificates would be due for renewal as soon as they are issued',
    hint: 'make spec.pki.renewBefore shorter than spec.pki.leafLifetime; a third of it is the default',
  });
}

/** A warning for each CA that cut a leaf of this run short. */
function endingAuthorities(due: readonly CertificateRequest[], signers: Signers, nowSeconds: number): readonly Issue[] {
  const cut = due.filter(
    (request) =>
      leafEnd(request, signers.get(request.authority) as Signer, nowSeconds) < nowSeconds + request.validitySeconds,
  );
  return [...new Set(cut.map((request) => request.authority))].map((name) => {
    const signer = signers.get(name) as Signer;
    return {
      severity: 'warning',
      code: 'PKI_AUTHORITY_ENDS_SOON',
      path: ['spec', 'pki', 'leafLifetime'],
      message: `the ${name} CA ends on ${iso(signer.notAfterSeconds)}; its new certificates end with it`,
      hint: 'rotate the CA before then',
    };
  });
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
