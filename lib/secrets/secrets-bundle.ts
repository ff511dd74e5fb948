import type { Authority } from '../pki/authority-pem.ts';
import type { AuthorityName } from '../pki/pki-bundle.ts';

/** How the bundle, and every leaf kept beside it, is encrypted. */
export interface BundleEncryption {
  readonly format: 'age' | 'sops';
  /** age recipients (`age1...`); empty only for sops, which then takes them from the user's .sops.yaml. */
  readonly recipients: readonly string[];
}

export interface ServiceAccountKey {
  /** PKCS#8; null for a key whose tokens are only accepted any more. */
  readonly privateKeyPem: string | null;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyPem: string;
}

export interface EncryptionKey {
  /** Stored by Kubernetes beside what it encrypts, so it never changes. */
  readonly name: string;
  /** 32 bytes, base64. */
  readonly secretBase64: string;
}

/**
 * The identity of one cluster: made once, read by every build.
 *
 * Every list is in order of use: the first entry signs or writes, all are trusted or read.
 */
export interface SecretsBundle {
  readonly clusterName: string;
  /** 32 hex digits, unlike any other cluster's of that name. */
  readonly clusterId: string;
  readonly createdSeconds: number;
  /** Null: the bundle lies in plain text (0600). */
  readonly encryption: BundleEncryption | null;
  readonly authorities: Readonly<Record<AuthorityName, readonly Authority[]>>;
  readonly serviceAccountKeys: readonly ServiceAccountKey[];
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly etcdToken: string;
  /** 32 bytes, base64: authenticates the kept leaves, so that a changed file is noticed. */
  readonly leafSealBase64: string;
}

/** Of the bundle and of the files of kept leaves. */
export const API_VERSION = 'keelway.dev/v1alpha1';

export const AUTHORITY_NAMES: readonly AuthorityName[] = [
  'kubernetes',
  'node-signer',
  'etcd',
  'etcd-peer',
  'front-proxy',
];
