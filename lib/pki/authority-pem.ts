/** A CA as the secrets bundle keeps it; plain data, so that the library's types ask for none of Node's. */
export interface Authority {
  readonly certificatePem: string;
  /** Null for a CA that is only trusted any more. */
  readonly keyPem: string | null;
}
