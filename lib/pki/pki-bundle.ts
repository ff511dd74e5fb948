/** The CAs. `kubernetes` and `node-signer` together are the client CA bundle of the API servers. */
export type AuthorityName = 'kubernetes' | 'node-signer' | 'etcd' | 'etcd-peer' | 'front-proxy';

export type KeyUsagePurpose = 'server' | 'client';

/** One leaf to be issued; made by planCertificates, hashed to decide whether a kept leaf still fits. */
export interface CertificateRequest {
  /** `<machine>/<certificate>`, for instance `cp-1/apiserver`; `operator/admin` for the operator's. */
  readonly id: string;
  /** Machine that gets it; null: the operator. */
  readonly machine: string | null;
  readonly authority: Exclude<AuthorityName, never>;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly usages: readonly KeyUsagePurpose[];
  readonly sans: { readonly dns: readonly string[]; readonly ips: readonly string[] };
  readonly validitySeconds: number;
}

export interface IssuedCertificate {
  readonly id: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** Lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
}

/** Everything a planner may put on machines. CA keys are absent but the node-signer's. */
export interface PkiBundle {
  /** PEM bundles: what to trust, newest first; more than one certificate during a CA rotation. */
  readonly trust: Readonly<Record<AuthorityName, string>>;
  /** By request id. */
  readonly leaves: ReadonlyMap<string, IssuedCertificate>;
  /** Null when `pki.nodeSigner: offline`. */
  readonly nodeSigner: { readonly certificatePem: string; readonly keyPem: string } | null;
  readonly serviceAccount: {
    /** Signs new tokens. */
    readonly privateKeyPem: string;
    /** All that are accepted, newest first. */
    readonly publicKeysPem: readonly string[];
  };
  /** First writes, all read; secretbox, 32 bytes, base64. */
  readonly encryptionKeys: readonly { readonly name: string; readonly secretBase64: string }[];
  /** Unique per cluster incarnation. */
  readonly etcdToken: string;
  /** Unix seconds of the bundle's creation: the machines' clock floor. */
  readonly createdSeconds: number;
}
