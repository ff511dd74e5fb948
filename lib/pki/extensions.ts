import { KeelwayError } from '../errors.ts';
import {
  constructed,
  type DerNode,
  encodeBinary,
  frozen,
  objectIdentifier,
  primitive,
  sequence,
  Tag,
  unsignedInteger,
} from './der.ts';
import { ipBytes } from './ip-bytes.ts';
import type { KeyAlgorithm } from './keys.ts';
import type { CertificateRequest, KeyUsagePurpose } from './pki-bundle.ts';

const BASIC_CONSTRAINTS = objectIdentifier('2.5.29.19');
const KEY_USAGE = objectIdentifier('2.5.29.15');
const EXTENDED_KEY_USAGE = objectIdentifier('2.5.29.37');
const SUBJECT_ALT_NAME = objectIdentifier('2.5.29.17');
const SUBJECT_KEY_ID = objectIdentifier('2.5.29.14');
const AUTHORITY_KEY_ID = objectIdentifier('2.5.29.35');
export const SUBJECT_KEY_ID_OID: string = SUBJECT_KEY_ID.value as string;

const PURPOSES: Readonly<Record<KeyUsagePurpose, DerNode>> = {
  server: objectIdentifier('1.3.6.1.5.5.7.3.1'),
  client: objectIdentifier('1.3.6.1.5.5.7.3.2'),
};

const TRUE = primitive(Tag.boolean, '\xff');
/** Context tags of GeneralName and AuthorityKeyIdentifier (RFC 5280 sections 4.2.1.1 and 4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const KEY_IDENTIFIER = 0x80;
/** `extensions [3]` of TBSCertificate. */
export const EXTENSIONS_FIELD = 0xa3;

/** Named bits from the left: digitalSignature 0, keyEncipherment 2, keyCertSign 5, cRLSign 6. */
const USAGE_OF_CA = keyUsage('\x01\x86');
const USAGE_OF_LEAF: Readonly<Record<KeyAlgorithm, DerNode>> = {
  'ECDSA-P256': keyUsage('\x07\x80'),
  // RSA key exchange of TLS 1.2 encrypts to the certificate's key.
  'RSA-2048': keyUsage('\x05\xa0'),
};
/** Depth 0: Keelway's CAs sign leaves only. */
const CONSTRAINTS_OF_CA = extension(BASIC_CONSTRAINTS, true, sequence(TRUE, unsignedInteger(Uint8Array.of(0))));
const CONSTRAINTS_OF_LEAF = extension(BASIC_CONSTRAINTS, true, sequence());

/** Extensions of a self-signed CA, as the field of its certificate. */
export function authorityExtensions(subjectKeyId: string): DerNode {
  return field([
    USAGE_OF_CA,
    CONSTRAINTS_OF_CA,
    extension(SUBJECT_KEY_ID, false, primitive(Tag.octetString, subjectKeyId)),
  ]);
}

/** Names the issuing CA's key; the same for all its leaves. */
export function authorityKeyIdExtension(subjectKeyId: string): DerNode {
  return extension(AUTHORITY_KEY_ID, false, sequence(primitive(KEY_IDENTIFIER, subjectKeyId)));
}

/**
 * Extensions of a leaf, as the field of its certificate.
 *
 * @throws KeelwayError `PKI_SAN_EMPTY` when a server certificate names nothing, `PKI_SAN_INVALID` for a name that
 * certificates cannot carry.
 */
export function leafExtensions(request: CertificateRequest, algorithm: KeyAlgorithm, authorityKeyId: DerNode): DerNode {
  const names = [
    ...request.sans.dns.map((name) => primitive(DNS_NAME, dnsName(name, request))),
    ...request.sans.ips.map((address) => primitive(IP_ADDRESS, addressBytes(address, request))),
  ];
  if (names.length > 0) {
    const subjectAltName = extension(SUBJECT_ALT_NAME, false, sequence(...names));
    return field([...commonExtensions(request.usages, algorithm, authorityKeyId), subjectAltName]);
  }
  if (request.usages.includes('server')) {
    throw new KeelwayError({
      code: 'PKI_SAN_EMPTY',
      message: `certificate ${request.id} is for a server and names neither host nor address`,
    });
  }
  return namelessField(request.usages, algorithm, authorityKeyId);
}

/** By the CA's key identifier: most leaves of a cluster are clients, and all of one CA have the same extensions. */
const namelessFields = new WeakMap<DerNode, Map<string, DerNode>>();

function namelessField(usages: readonly KeyUsagePurpose[], algorithm: KeyAlgorithm, authorityKeyId: DerNode): DerNode {
  const fields = namelessFields.get(authorityKeyId) ?? new Map<string, DerNode>();
  namelessFields.set(authorityKeyId, fields);
  const key = `${algorithm} ${usages.join()}`;
  const found = fields.get(key) ?? frozen(field(commonExtensions(usages, algorithm, authorityKeyId)));
  fields.set(key, found);
  return found;
}

function commonExtensions(
  usages: readonly KeyUsagePurpose[],
  algorithm: KeyAlgorithm,
  authorityKeyId: DerNode,
): readonly DerNode[] {
  return [USAGE_OF_LEAF[algorithm], extendedKeyUsage(usages), CONSTRAINTS_OF_LEAF, authorityKeyId];
}

function field(extensions: readonly DerNode[]): DerNode {
  return constructed(EXTENSIONS_FIELD, [sequence(...extensions)]);
}

const extendedKeyUsages = new Map<string, DerNode>();

function extendedKeyUsage(usages: readonly KeyUsagePurpose[]): DerNode {
  const key = usages.join();
  let found = extendedKeyUsages.get(key);
  if (found === undefined) {
    found = extension(EXTENDED_KEY_USAGE, false, sequence(...usages.map((usage) => PURPOSES[usage])));
    extendedKeyUsages.set(key, found);
  }
  return found;
}

function keyUsage(bits: string): DerNode {
  return extension(KEY_USAGE, true, primitive(Tag.bitString, bits));
}

function extension(identifier: DerNode, critical: boolean, value: DerNode): DerNode {
  const wrapped = primitive(Tag.octetString, encodeBinary(value));
  return frozen(critical ? sequence(identifier, TRUE, wrapped) : sequence(identifier, wrapped));
}

function dnsName(name: string, request: CertificateRequest): string {
  if (!/^(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(name)) throw invalidSan(name, request);
  return name;
}

function addressBytes(address: string, request: CertificateRequest): string {
  const bytes = ipBytes(address);
  if (bytes === null) throw invalidSan(address, request);
  return String.fromCharCode(...bytes);
}

function invalidSan(name: string, request: CertificateRequest): KeelwayError {
  return new KeelwayError({
    code: 'PKI_SAN_INVALID',
    message: `certificate ${request.id}: ${JSON.stringify(name)} is neither a DNS name nor an IP address`,
    hint: 'write international names in their xn-- form',
  });
}
