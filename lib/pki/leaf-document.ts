import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseDocument } from '../secrets/parse-document.ts';
import { RecordReader, type RecordSource } from '../secrets/record-reader.ts';
import { API_VERSION, AUTHORITY_NAMES, type SecretsBundle } from '../secrets/secrets-bundle.ts';
import type { KeptLeaf } from './kept-leaf.ts';
import type { KeyAlgorithm } from './keys.ts';
import type { AuthorityName, KeyUsagePurpose } from './pki-bundle.ts';

const KIND = 'IssuedCertificates';
const HEX_SHA256 = /^[0-9a-f]{64}$/;
const ANY = /^/;

/**
 * The kept leaves of one machine as a JSON document, sealed: an HMAC with the bundle's seal over everything else.
 *
 * The seal shows that this bundle's holder wrote the file, so certificate, key, request and CA belong together, at a
 * fiftieth of the price of verifying each signature.
 *
 * @param machine - Null: the operator.
 */
export function writeLeafDocument(machine: string | null, leaves: readonly KeptLeaf[], secrets: SecretsBundle): string {
  const document = {
    apiVersion: API_VERSION,
    kind: KIND,
    clusterId: secrets.clusterId,
    machine,
    leaves: leaves.map(({ request, keyAlgorithm, requestHash, authorityFingerprint, certificate }) => ({
      id: request.id,
      requestHash,
      request: {
        authority: request.authority,
        commonName: request.commonName,
        organizations: request.organizations,
        usages: request.usages,
        dns: request.sans.dns,
        ips: request.sans.ips,
        validitySeconds: request.validitySeconds,
      },
      keyAlgorithm,
      authorityFingerprint,
      fingerprint: certificate.fingerprint,
      notBeforeSeconds: certificate.notBeforeSeconds,
      notAfterSeconds: certificate.notAfterSeconds,
      certificate: certificate.certificatePem,
      key: certificate.keyPem,
    })),
  };
  return `${JSON.stringify({ ...document, seal: sealOf(document, secrets) }, null, 2)}\n`;
}

/**
 * Reads one machine's kept leaves and checks their seal.
 *
 * @throws KeelwayError `PKI_LEAF_INVALID` when the file is damaged, was changed by hand, or is another machine's or
 * another cluster's.
 */
export async function readLeafDocument(
  text: string,
  path: string,
  machine: string | null,
  secrets: SecretsBundle,
): Promise<readonly KeptLeaf[]> {
  const source: RecordSource = {
    path,
    code: 'PKI_LEAF_INVALID',
    hint: 'restore the file from a backup, or move it away: its certificates are then issued again',
  };
  const data = await parseDocument(text, source);
  const reader = new RecordReader(data, source);
  const { seal: _, ...sealed } = data as Record<string, unknown>;
  reader.string('apiVersion', /^keelway\.dev\/v1alpha1$/, API_VERSION);
  reader.string('kind', /^IssuedCertificates$/, KIND);
  if (reader.string('clusterId', /^[0-9a-f]{32}$/, '32 hex digits') !== secrets.clusterId) {
    throw reader.error('clusterId', 'is not that of the secrets bundle');
  }
  const seal = reader.string('seal', HEX_SHA256, 'a seal');
  if (!timingSafeEqual(Buffer.from(seal, 'hex'), Buffer.from(sealOf(sealed, secrets), 'hex'))) {
    throw reader.error('the file', 'is not as Keelway wrote it: its seal is broken');
  }
  // From here on the contents are Keelway's own; the reader still holds them to their types.
  if (sealed.machine !== machine) throw reader.error('machine', `is not ${machine ?? 'the operator'}`);
  return reader.records('leaves').map((leaf) => readLeaf(leaf, machine));
}

function readLeaf(leaf: RecordReader, machine: string | null): KeptLeaf {
  const id = leaf.string('id', ANY, 'a string');
  const request = leaf.record('request');
  return {
    request: {
      id,
      machine,
      authority: request.string('authority', ANY, AUTHORITY_NAMES.join(', ')) as AuthorityName,
      commonName: request.string('commonName', ANY, 'a string'),
      organizations: request.strings('organizations'),
      usages: request.strings('usages') as readonly KeyUsagePurpose[],
      sans: { dns: request.strings('dns'), ips: request.strings('ips') },
      validitySeconds: request.integer('validitySeconds'),
    },
    requestHash: leaf.string('requestHash', HEX_SHA256, 'a SHA-256'),
    keyAlgorithm: leaf.string('keyAlgorithm', ANY, 'a key algorithm') as KeyAlgorithm,
    authorityFingerprint: leaf.string('authorityFingerprint', HEX_SHA256, 'a SHA-256'),
    certificate: {
      id,
      certificatePem: leaf.string('certificate', ANY, 'a certificate'),
      keyPem: leaf.string('key', ANY, 'a key'),
      notBeforeSeconds: leaf.integer('notBeforeSeconds'),
      notAfterSeconds: leaf.integer('notAfterSeconds'),
      fingerprint: leaf.string('fingerprint', HEX_SHA256, 'a SHA-256'),
    },
  };
}

/** Keys keep the order they have in the file, which JSON parsers, YAML parsers and sops all preserve. */
function sealOf(document: object, secrets: SecretsBundle): string {
  return createHmac('sha256', Buffer.from(secrets.leafSealBase64, 'base64'))
    .update(JSON.stringify(document))
    .digest('hex');
}
