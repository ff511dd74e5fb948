import { createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto';
import { KeelwayError } from '../errors.ts';
import type { Authority } from './authority-pem.ts';
import { binary, type DerNode, encoded } from './der.ts';
import { type DerSpan, derSpans, spansInside } from './der-spans.ts';
import { authorityKeyIdExtension, EXTENSIONS_FIELD, SUBJECT_KEY_ID_OID } from './extensions.ts';
import type { KeyAlgorithm } from './keys.ts';

/** What a CA's certificate says. */
export interface AuthorityFacts {
  readonly certificate: X509Certificate;
  readonly subject: string;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** Lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
}

/** A CA ready to sign: its key opened, the parts that every leaf repeats encoded. */
export interface Signer extends AuthorityFacts {
  readonly algorithm: KeyAlgorithm;
  readonly privateKey: KeyObject;
  readonly name: DerNode;
  readonly keyIdExtension: DerNode;
}

const signers = new WeakMap<Authority, Signer>();

/**
 * Reads a CA's certificate.
 *
 * @param place - Where it stands, for messages: `authorities.etcd[0]`.
 * @throws KeelwayError `SECRETS_INVALID` when it is no certificate, or not one of a CA.
 */
export function readAuthority(authority: Authority, place: string): AuthorityFacts {
  const certificate = parseCertificate(authority.certificatePem, place);
  if (!certificate.ca) throw invalid(`${place}.certificate is not the certificate of a CA`);
  return {
    certificate,
    subject: certificate.subject.replaceAll('\n', ', '),
    notBeforeSeconds: certificate.validFromDate.getTime() / 1000,
    notAfterSeconds: certificate.validToDate.getTime() / 1000,
    fingerprint: hash('sha256', certificate.raw, 'hex'),
  };
}

/**
 * Opens a CA for signing; the same object is opened once only.
 *
 * @throws KeelwayError `SECRETS_INVALID` when key and certificate do not belong together or the key is missing,
 * `PKI_KEY_INVALID` for a kind of key that Keelway does not sign with.
 */
export function openAuthority(authority: Authority, place: string): Signer {
  const known = signers.get(authority);
  if (known !== undefined) return known;
  const facts = readAuthority(authority, place);
  if (authority.keyPem === null) throw invalid(`${place}.key is missing: the first CA of a list signs`);
  const privateKey = parsePrivateKey(authority.keyPem, `${place}.key`);
  if (!facts.certificate.checkPrivateKey(privateKey)) throw invalid(`${place}.key does not belong to its certificate`);
  const { name, keyId } = issuerParts(facts.certificate, place);
  const signer: Signer = {
    ...facts,
    algorithm: keyAlgorithmOf(privateKey, `${place}.key`),
    privateKey,
    name,
    keyIdExtension: authorityKeyIdExtension(keyId),
  };
  signers.set(authority, signer);
  return signer;
}

/** @throws KeelwayError `SECRETS_INVALID`; the message never quotes the text. */
export function parsePrivateKey(pem: string, place: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw invalid(`${place} is not an unencrypted private key in PEM`);
  }
}

/** @throws KeelwayError `PKI_KEY_INVALID` */
export function keyAlgorithmOf(key: KeyObject, place: string): KeyAlgorithm {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1') return 'ECDSA-P256';
  if (key.asymmetricKeyType === 'rsa' && details?.modulusLength === 2048) return 'RSA-2048';
  throw new KeelwayError({
    code: 'PKI_KEY_INVALID',
    message: `${place} is neither an ECDSA P-256 nor an RSA 2048-bit key`,
  });
}

function parseCertificate(pem: string, place: string): X509Certificate {
  if (pem.split('-----BEGIN CERTIFICATE-----').length !== 2)
    throw invalid(`${place}.certificate is not one PEM certificate`);
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid(`${place}.certificate is not a PEM certificate`);
  }
}

/** The name and key identifier to the byte as the CA's certificate has them: verifiers compare bytes. */
function issuerParts(certificate: X509Certificate, place: string): { name: DerNode; keyId: string } {
  const der = certificate.raw;
  const inside = (span: DerSpan | undefined): readonly DerSpan[] => spansInside(der, span);
  const contentsOf = (span: DerSpan | undefined): string => binary(der.subarray(span?.contents ?? 0, span?.end ?? 0));
  const fields = inside(inside(derSpans(der)[0])[0]);
  const subject = fields[5];
  const extensions = inside(inside(fields.find(({ tag }) => tag === EXTENSIONS_FIELD))[0]).map(inside);
  const found = extensions.find(([identifier]) => contentsOf(identifier) === SUBJECT_KEY_ID_OID)?.at(-1);
  const keyId = inside(found)[0];
  if (subject === undefined || keyId === undefined) {
    throw invalid(`${place}.certificate has no subject key identifier`);
  }
  return { name: encoded(der.subarray(subject.start, subject.end)), keyId: contentsOf(keyId) };
}

function invalid(message: string): KeelwayError {
  return new KeelwayError({
    code: 'SECRETS_INVALID',
    message: `secrets bundle: ${message}`,
    hint: 'restore the bundle from a backup; a new one is a new cluster',
  });
}
