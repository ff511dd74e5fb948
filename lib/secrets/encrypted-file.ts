import { KeelwayError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { decryptAge, encryptAge, isAgeFile } from './age.ts';
import type { BundleEncryption } from './secrets-bundle.ts';
import { decryptSops, encryptSops, isSopsText } from './sops.ts';

export interface OpenOptions {
  /** File with age identities; null or absent: none. Keys are never taken from arguments. */
  readonly identityFile?: string | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedFile {
  readonly text: string;
  /** How the file lies on the disk; null: in plain text. */
  readonly format: BundleEncryption['format'] | null;
}

/**
 * Reads a file and decrypts it by what it is: age (armored or binary), a sops document, or plain text.
 *
 * @throws KeelwayError `INPUT_UNREADABLE`, `SECRETS_LOCKED`, `SECRETS_INVALID`, `TOOL_MISSING`.
 */
export async function openFile(
  path: string,
  limitBytes: number,
  ports: Pick<Ports, 'files' | 'exec'>,
  options: OpenOptions,
): Promise<OpenedFile> {
  options.signal?.throwIfAborted();
  const identityFile = options.identityFile ?? null;
  const bytes = await ports.files.read(path, limitBytes);
  if (isAgeFile(bytes)) return { text: await decryptAge(bytes, path, identityFile, ports.files), format: 'age' };
  const text = decodeText(bytes, path);
  if (!isSopsText(text)) return { text, format: null };
  return { text: await decryptSops(text, path, identityFile, ports.exec, options.signal), format: 'sops' };
}

/** The bytes to write at `path` for a YAML or JSON text. */
export async function encryptFor(
  encryption: BundleEncryption | null,
  text: string,
  path: string,
  ports: Pick<Ports, 'exec'>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  if (encryption === null) return Buffer.from(text, 'utf8');
  return encryption.format === 'age'
    ? await encryptAge(text, encryption.recipients)
    : await encryptSops(text, path, encryption.recipients, ports.exec, signal);
}

function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new KeelwayError({
      code: 'SECRETS_INVALID',
      message: `${path} is not UTF-8 text, nor an age file`,
      hint: 'restore it from a backup',
    });
  }
}
