import { createECDH, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { PkiSettings } from '../model/cluster.ts';
import { decodePem, encodePem } from './pem.ts';

export type KeyAlgorithm = PkiSettings['keyAlgorithm'];

export interface KeyPair {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Uint8Array;
  /** PKCS#8 (`PRIVATE KEY`): the one label that OpenSSL, Go and Node read for every algorithm. */
  readonly privateKeyPem: string;
}

/** A source of keys; tests may hand out the same ones again. */
export type KeyGenerator = (algorithm: KeyAlgorithm) => KeyPair | Promise<KeyPair>;

const P256_SCALAR_BYTES = 32;
const P256_POINT_BYTES = 65;
/** SubjectPublicKeyInfo of a P-256 key up to its uncompressed point (65 bytes). */
const P256_PUBLIC_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
/** PKCS#8 PrivateKeyInfo with an RFC 5915 ECPrivateKey up to its scalar (32 bytes), and from there to the point. */
const P256_PRIVATE_PREFIX = Buffer.from(
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420',
  'hex',
);
const P256_PRIVATE_MIDDLE = Buffer.from('a144034200', 'hex');

const generateKeyPairAsync = promisify(generateKeyPair);

/**
 * Makes a key pair from the system's randomness: P-256 at once, RSA on Node's thread pool.
 *
 * P-256 goes round KeyObject: its export costs three times the key generation itself.
 */
export function generateKey(algorithm: KeyAlgorithm): KeyPair | Promise<KeyPair> {
  return algorithm === 'ECDSA-P256' ? generateP256Key() : generateRsaKey();
}

function generateP256Key(): KeyPair {
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys();
  const scalar = ecdh.getPrivateKey();
  // OpenSSL leaves out leading zero bytes.
  const padding = Buffer.alloc(P256_SCALAR_BYTES - scalar.length);
  const privateKey = Buffer.concat([P256_PRIVATE_PREFIX, padding, scalar, P256_PRIVATE_MIDDLE, point]);
  return {
    algorithm: 'ECDSA-P256',
    publicKeyDer: Buffer.concat([P256_PUBLIC_PREFIX, point]),
    privateKeyPem: encodePem('PRIVATE KEY', privateKey),
  };
}

/**
 * The public key (`PUBLIC KEY`) of a private key as {@link generateKey} writes P-256 ones, where it stands in clear; null for
 * every other key. The first export of a key costs as much as a dozen signatures.
 */
export function p256PublicKeyPem(privateKeyPem: string): string | null {
  const { length } = P256_PRIVATE_PREFIX;
  const middle = length + P256_SCALAR_BYTES;
  const point = middle + P256_PRIVATE_MIDDLE.length;
  const der = decodePem('PRIVATE KEY', privateKeyPem);
  if (der?.length !== point + P256_POINT_BYTES) return null;
  const isOurs =
    P256_PRIVATE_PREFIX.equals(der.subarray(0, length)) && P256_PRIVATE_MIDDLE.equals(der.subarray(middle, point));
  return isOurs ? encodePem('PUBLIC KEY', Buffer.concat([P256_PUBLIC_PREFIX, der.subarray(point)])) : null;
}

async function generateRsaKey(): Promise<KeyPair> {
  const pair = await generateKeyPairAsync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { algorithm: 'RSA-2048', publicKeyDer: pair.publicKey, privateKeyPem: pair.privateKey };
}
