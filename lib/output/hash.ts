import * as crypto from 'node:crypto';

/** SHA-256 of bytes or of a text's UTF-8, in lower-case hex. */
export type Hash = (data: string | Uint8Array) => string;

export const sha256: Hash = (data) => crypto.hash('sha256', data);

/** From here on finding a text in a map costs as much as hashing it; such ones are few and unlike. */
const LARGE = 4096;

/**
 * A SHA-256 that remembers the texts it has seen: the same scripts and units go to every machine, and each file is
 * hashed for the machine's own list and for the manifest.
 */
export function createHash(): Hash {
  const known = new Map<string, string>();
  const large: { readonly text: string; readonly digest: string }[] = [];
  return (data) => {
    if (typeof data !== 'string') return sha256(data);
    if (data.length >= LARGE) {
      const found = large.find(({ text }) => text === data);
      if (found !== undefined) return found.digest;
      const digest = sha256(data);
      large.push({ text: data, digest });
      return digest;
    }
    let digest = known.get(data);
    if (digest === undefined) {
      digest = sha256(data);
      known.set(data, digest);
    }
    return digest;
  };
}
