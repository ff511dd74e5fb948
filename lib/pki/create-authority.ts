import { createPrivateKey, hash } from 'node:crypto';
import type { RandomPort } from '../ports.ts';
import type { Authority } from './authority-pem.ts';
import { binary, type DerNode, decode } from './der.ts';
import { authorityExtensions } from './extensions.ts';
import type { KeyAlgorithm, KeyGenerator } from './keys.ts';
import { encodePem } from './pem.ts';
import { randomSerial } from './serial.ts';
import { distinguishedName, signCertificate } from './sign-certificate.ts';

export interface AuthorityRequest {
  readonly commonName: string;
  readonly organization: string;
  readonly algorithm: KeyAlgorithm;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
}

const KEY_ID_BYTES = 20;

/** Makes a CA: a key and a self-signed certificate that may sign leaves and nothing below them. */
export async function createAuthority(
  request: AuthorityRequest,
  random: RandomPort,
  generateKey: KeyGenerator,
): Promise<Authority> {
  const key = await generateKey(request.algorithm);
  const name = distinguishedName(request.commonName, [request.organization]);
  const certificate = signCertificate(
    {
      serial: randomSerial(random),
      issuer: name,
      subject: name,
      notBeforeSeconds: request.notBeforeSeconds,
      notAfterSeconds: request.notAfterSeconds,
      publicKeyDer: key.publicKeyDer,
      extensions: authorityExtensions(subjectKeyId(key.publicKeyDer)),
    },
    createPrivateKey(key.privateKeyPem),
    request.algorithm,
  );
  return { certificatePem: encodePem('CERTIFICATE', certificate), keyPem: key.privateKeyPem };
}

/** RFC 7093 section 2, method 1: the leftmost 160 bits of SHA-256 over the public key's BIT STRING. */
function subjectKeyId(publicKeyDer: Uint8Array): string {
  const publicKey = (decode(publicKeyDer).value as readonly DerNode[])[1]?.value as string;
  const unusedBitsOctet = 1;
  const digest = hash('sha256', Buffer.from(publicKey.slice(unusedBitsOctet), 'latin1'), 'buffer');
  return binary(digest.subarray(0, KEY_ID_BYTES));
}
