import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyAlgorithmOf, openAuthority, parsePrivateKey, readAuthority } from '../pki/authority.ts';
import type { Authority } from '../pki/authority-pem.ts';
import { p256PublicKeyPem } from '../pki/keys.ts';
import type { AuthorityName } from '../pki/pki-bundle.ts';
import { toYaml } from '../render/yaml.ts';
import { parseDocument } from './parse-document.ts';
import { RecordReader, type RecordSource } from './record-reader.ts';
import {
  API_VERSION,
  AUTHORITY_NAMES,
  type BundleEncryption,
  type EncryptionKey,
  type SecretsBundle,
  type ServiceAccountKey,
} from './secrets-bundle.ts';

const KIND = 'SecretsBundle';

const PEM_CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?$/;
const PEM_PRIVATE_KEY =
  /^-----BEGIN (?:EC |RSA )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END (?:EC |RSA )?PRIVATE KEY-----\n?$/;
const PEM_PUBLIC_KEY = /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+-----END PUBLIC KEY-----\n?$/;
/** 32 bytes in base64. */
const SECRET_32_BYTES = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const HEX_ID = /^[0-9a-f]{32}$/;
const UTC_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** The bundle as a YAML document, made to be read by a person. */
export function writeBundleDocument(bundle: SecretsBundle): string {
  return toYaml({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: bundle.clusterName,
      clusterId: bundle.clusterId,
      created: new Date(bundle.createdSeconds * 1000).toISOString().replace('.000Z', 'Z'),
    },
    encryption: bundle.encryption === null ? undefined : { ...bundle.encryption },
    authorities: Object.fromEntries(
      AUTHORITY_NAMES.map((name) => [
        name,
        bundle.authorities[name].map((each) => ({ certificate: each.certificatePem, key: each.keyPem ?? undefined })),
      ]),
    ),
    serviceAccountKeys: bundle.serviceAccountKeys.map((key) =>
      key.privateKeyPem === null ? { publicKey: key.publicKeyPem } : { key: key.privateKeyPem },
    ),
    encryptionKeys: bundle.encryptionKeys.map((key) => ({ name: key.name, secret: key.secretBase64 })),
    etcdToken: bundle.etcdToken,
    leafSeal: bundle.leafSealBase64,
  });
}

/**
 * Reads a bundle's document strictly: known version, every key present and of its kind, keys that belong to their
 * certificates, CAs that are not each other's.
 *
 * @throws KeelwayError `SECRETS_INVALID` with the place; values are never quoted.
 */
export async function readBundleDocument(text: string, path: string): Promise<SecretsBundle> {
  const source: RecordSource = {
    path,
    code: 'SECRETS_INVALID',
    hint: 'restore the bundle from a backup; a new one would be a new cluster',
  };
  const document = new RecordReader(await parseDocument(text, source), source);
  document.string('apiVersion', /^keelway\.dev\/v1alpha1$/, API_VERSION);
  document.string('kind', /^SecretsBundle$/, KIND);
  const metadata = document.record('metadata');
  const encryption = document.optionalRecord('encryption');
  const authorities = document.record('authorities');
  const bundle: SecretsBundle = {
    clusterName: metadata.string('name', NAME, 'a cluster name'),
    clusterId: metadata.string('clusterId', HEX_ID, '32 hex digits'),
    createdSeconds: readTime(metadata, 'created'),
    encryption: encryption === null ? null : readEncryption(encryption),
    authorities: Object.fromEntries(
      AUTHORITY_NAMES.map((name) => [name, readAuthorities(authorities, name)]),
    ) as unknown as SecretsBundle['authorities'],
    serviceAccountKeys: document.records('serviceAccountKeys').map(readServiceAccountKey),
    encryptionKeys: document.records('encryptionKeys').map(readEncryptionKey),
    etcdToken: document.string('etcdToken', /^[A-Za-z0-9._-]{16,128}$/, 'a token'),
    leafSealBase64: document.string('leafSeal', SECRET_32_BYTES, '32 bytes in base64'),
  };
  for (const record of [metadata, authorities, document]) record.end();
  for (const key of ['serviceAccountKeys', 'encryptionKeys'] as const) {
    if (bundle[key].length === 0) throw document.error(key, 'is empty');
  }
  checkAuthorities(bundle, document);
  return bundle;
}

function readTime(record: RecordReader, key: string): number {
  const milliseconds = Date.parse(record.string(key, UTC_TIME, 'a time such as 2026-11-25T19:40:00Z'));
  if (Number.isNaN(milliseconds)) throw record.error(record.placeOf(key), 'is not a time');
  return milliseconds / 1000;
}

function readEncryption(record: RecordReader): BundleEncryption {
  const format = record.string('format', /^(?:age|sops)$/, 'age or sops') as BundleEncryption['format'];
  const recipients = record.strings('recipients');
  record.end();
  if (format === 'age' && recipients.length === 0) throw record.error(record.placeOf('recipients'), 'is empty');
  return { format, recipients };
}

function readAuthorities(record: RecordReader, name: AuthorityName): readonly Authority[] {
  const authorities = record.records(name).map((each): Authority => {
    const authority = {
      certificatePem: each.string('certificate', PEM_CERTIFICATE, 'a certificate in PEM'),
      keyPem: each.optionalString('key', PEM_PRIVATE_KEY, 'a private key in PEM'),
    };
    each.end();
    return authority;
  });
  if (authorities.length === 0) throw record.error(record.placeOf(name), 'is empty');
  return authorities;
}

function readServiceAccountKey(record: RecordReader, index: number): ServiceAccountKey {
  const privateKeyPem = record.optionalString('key', PEM_PRIVATE_KEY, 'a private key in PEM');
  if (privateKeyPem === null) {
    // The first one signs, so asking for its key says what is missing.
    const publicKeyPem = record.string(index === 0 ? 'key' : 'publicKey', PEM_PUBLIC_KEY, 'a public key in PEM');
    record.end();
    return { privateKeyPem, publicKeyPem };
  }
  record.end();
  const privateKey = parsePrivateKey(privateKeyPem, record.placeOf('key'));
  keyAlgorithmOf(privateKey, record.placeOf('key'));
  return { privateKeyPem, publicKeyPem: p256PublicKeyPem(privateKeyPem) ?? publicKeyPemOf(privateKey) };
}

function publicKeyPemOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string;
}

function readEncryptionKey(record: RecordReader): EncryptionKey {
  const key = {
    name: record.string('name', /^[a-z0-9-]{1,63}$/, 'a name'),
    secretBase64: record.string('secret', SECRET_32_BYTES, '32 bytes in base64'),
  };
  record.end();
  return key;
}

/** A CA in two places would let one kind of client pass for another: front-proxy for Kubernetes, any client for a peer. */
function checkAuthorities(bundle: SecretsBundle, document: RecordReader): void {
  const seen: { place: string; subject: string; publicKey: KeyObject }[] = [];
  for (const name of AUTHORITY_NAMES) {
    for (const [index, authority] of bundle.authorities[name].entries()) {
      const place = `authorities.${name}[${index}]`;
      const facts =
        authority.keyPem === null && index > 0 ? readAuthority(authority, place) : openAuthority(authority, place);
      const { publicKey } = facts.certificate;
      const owner = seen.find((other) => other.subject === facts.subject || other.publicKey.equals(publicKey));
      if (owner !== undefined) throw document.error(place, `has the name or the key of ${owner.place}`);
      seen.push({ place, subject: facts.subject, publicKey });
    }
  }
}
