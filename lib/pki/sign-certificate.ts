import { type KeyObject, sign } from 'node:crypto';
import {
  binary,
  bitString,
  constructed,
  type DerNode,
  encode,
  encoded,
  frozen,
  objectIdentifier,
  primitive,
  sequence,
  Tag,
  time,
  unsignedInteger,
  utf8String,
} from './der.ts';
import type { KeyAlgorithm } from './keys.ts';

export interface CertificateContents {
  /** Positive, big-endian. */
  readonly serial: Uint8Array;
  readonly issuer: DerNode;
  readonly subject: DerNode;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Uint8Array;
  /** The whole field, `extensions [3]`. */
  readonly extensions: DerNode;
}

const VERSION_3 = frozen(constructed(0xa0, [unsignedInteger(Uint8Array.of(2))]));
const COMMON_NAME = objectIdentifier('2.5.4.3');
const ORGANIZATION = objectIdentifier('2.5.4.10');

/** ECDSA has no parameters, RSA a NULL (RFC 4055, RFC 5758). */
const SIGNATURE_ALGORITHM: Readonly<Record<KeyAlgorithm, DerNode>> = {
  'ECDSA-P256': frozen(sequence(objectIdentifier('1.2.840.10045.4.3.2'))),
  'RSA-2048': frozen(sequence(objectIdentifier('1.2.840.113549.1.1.11'), primitive(Tag.null, ''))),
};

/** Organizations first and the common name last, as Go writes it. */
export function distinguishedName(commonName: string, organizations: readonly string[]): DerNode {
  return sequence(
    ...organizations.map((organization) => attribute(ORGANIZATION, organization)),
    attribute(COMMON_NAME, commonName),
  );
}

/**
 * Encodes an X.509 version 3 certificate and signs it: node-forge's structure, Node's signature.
 *
 * @param key - The issuer's private key.
 * @returns The certificate, DER.
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function signCertificate(contents: CertificateContents, key: KeyObject, algorithm: KeyAlgorithm): Buffer {
  const signatureAlgorithm = SIGNATURE_ALGORITHM[algorithm];
  const toBeSigned = encode(
    sequence(
      VERSION_3,
      unsignedInteger(contents.serial),
      signatureAlgorithm,
      contents.issuer,
      sequence(time(contents.notBeforeSeconds), time(contents.notAfterSeconds)),
      contents.subject,
      encoded(contents.publicKeyDer),
      contents.extensions,
    ),
  );
  const signature = sign('sha256', toBeSigned, key);
  return encode(sequence(encoded(toBeSigned), signatureAlgorithm, bitString(binary(signature))));
}

function attribute(type: DerNode, text: string): DerNode {
  return constructed(Tag.set, [sequence(type, utf8String(text))]);
}
