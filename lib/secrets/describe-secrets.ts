import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { keyAlgorithmOf, readAuthority } from '../pki/authority.ts';
import type { KeyAlgorithm } from '../pki/keys.ts';
import type { AuthorityName } from '../pki/pki-bundle.ts';
import { AUTHORITY_NAMES, type BundleEncryption, type SecretsBundle } from './secrets-bundle.ts';

export interface AuthorityDescription {
  readonly name: AuthorityName;
  /** True for the one that signs; the others are only trusted. */
  readonly signs: boolean;
  readonly subject: string;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** Lower-case hex SHA-256 of the certificate's DER, as `openssl x509 -fingerprint -sha256` without colons. */
  readonly fingerprint: string;
}

/** What may be shown of a bundle: no key and nothing a key can be had from. */
export interface SecretsDescription {
  readonly clusterName: string;
  readonly clusterId: string;
  readonly createdSeconds: number;
  readonly encryption: BundleEncryption | null;
  readonly authorities: readonly AuthorityDescription[];
  /** `fingerprint`: SHA-256 of SubjectPublicKeyInfo. */
  readonly serviceAccountKeys: readonly {
    readonly signs: boolean;
    readonly keyAlgorithm: KeyAlgorithm;
    readonly fingerprint: string;
  }[];
  readonly encryptionKeys: readonly { readonly name: string; readonly writes: boolean }[];
}

/** Describes a bundle for `keelway secrets show`. */
export function describeSecrets(bundle: SecretsBundle): SecretsDescription {
  return {
    clusterName: bundle.clusterName,
    clusterId: bundle.clusterId,
    createdSeconds: bundle.createdSeconds,
    encryption: bundle.encryption,
    authorities: AUTHORITY_NAMES.flatMap((name) =>
      bundle.authorities[name].map((authority, index) => {
        const place = `authorities.${name}[${index}]`;
        const { certificate, subject, notBeforeSeconds, notAfterSeconds, fingerprint } = readAuthority(
          authority,
          place,
        );
        const keyAlgorithm = keyAlgorithmOf(certificate.publicKey, place);
        return { name, signs: index === 0, subject, keyAlgorithm, notBeforeSeconds, notAfterSeconds, fingerprint };
      }),
    ),
    serviceAccountKeys: bundle.serviceAccountKeys.map(({ publicKeyPem }, index) => {
      const key: KeyObject = createPublicKey(publicKeyPem);
      return {
        signs: index === 0,
        keyAlgorithm: keyAlgorithmOf(key, `serviceAccountKeys[${index}]`),
        fingerprint: hash('sha256', key.export({ type: 'spki', format: 'der' }), 'hex'),
      };
    }),
    encryptionKeys: bundle.encryptionKeys.map(({ name }, index) => ({ name, writes: index === 0 })),
  };
}
