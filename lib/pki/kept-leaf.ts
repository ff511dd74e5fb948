import { hash } from 'node:crypto';
import { ipBytes } from './ip-bytes.ts';
import type { KeyAlgorithm } from './keys.ts';
import type { CertificateRequest, IssuedCertificate } from './pki-bundle.ts';

/** An issued leaf with what it was issued for. */
export interface KeptLeaf {
  readonly request: CertificateRequest;
  readonly keyAlgorithm: KeyAlgorithm;
  /** {@link hashRequest} of the request at its time. */
  readonly requestHash: string;
  /** Fingerprint of the CA that signed it. */
  readonly authorityFingerprint: string;
  readonly certificate: IssuedCertificate;
}

/** Counts up when the same request would give another kind of certificate. */
const PROFILE = 1;

/** Lower-case hex SHA-256 of everything that decides what a leaf looks like; the order of SANs and usages does not. */
export function hashRequest(request: CertificateRequest, algorithm: KeyAlgorithm): string {
  const parts = [
    PROFILE,
    algorithm,
    request.id,
    request.authority,
    request.commonName,
    request.organizations,
    request.usages.toSorted(),
    request.sans.dns.map((name) => name.toLowerCase()).toSorted(),
    request.sans.ips.map(addressKey).toSorted(),
    request.validitySeconds,
  ];
  return hash('sha256', JSON.stringify(parts), 'hex');
}

/**
 * What is different in a request since its leaf was issued, in a person's words: `new SAN api.example.com`.
 *
 * @returns Null when the leaf still fits.
 */
export function describeChange(kept: KeptLeaf, request: CertificateRequest, algorithm: KeyAlgorithm): string | null {
  if (kept.requestHash === hashRequest(request, algorithm)) return null;
  const before = kept.request;
  const [oldSans, newSans] = [sanKeys(before), sanKeys(request)];
  const changes = [
    listed(
      'new SAN',
      [...newSans.keys()].filter((key) => !oldSans.has(key)),
      newSans,
    ),
    listed(
      'dropped SAN',
      [...oldSans.keys()].filter((key) => !newSans.has(key)),
      oldSans,
    ),
    kept.keyAlgorithm === algorithm ? null : 'key algorithm changed',
    before.validitySeconds === request.validitySeconds ? null : 'lifetime changed',
    before.authority === request.authority ? null : 'authority changed',
    before.commonName === request.commonName && same(before.organizations, request.organizations)
      ? null
      : 'subject changed',
    same(before.usages.toSorted(), request.usages.toSorted()) ? null : 'usages changed',
  ].filter((change) => change !== null);
  return changes.length === 0 ? 'certificate profile changed' : changes.join('; ');
}

function listed(label: string, keys: readonly string[], names: ReadonlyMap<string, string>): string | null {
  return keys.length === 0 ? null : `${label} ${keys.map((key) => names.get(key)).join(', ')}`;
}

function sanKeys(request: CertificateRequest): Map<string, string> {
  return new Map([
    ...request.sans.dns.map((name) => [name.toLowerCase(), name] as const),
    ...request.sans.ips.map((address) => [addressKey(address), address] as const),
  ]);
}

/** One spelling for every spelling of an address. */
function addressKey(address: string): string {
  return ipBytes(address)?.join('.') ?? address;
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
