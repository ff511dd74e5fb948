import { basename, dirname, resolve } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { ExecOptions, ExecPort } from '../ports.ts';

/** Keys whose values sops encrypts; names, certificates and dates stay readable, and all of it is authenticated. */
const SECRET_KEYS = '^(key|secret|etcdToken|leafSeal)$';
/** Enough of what sops says to act on, never a page of it. */
const LONGEST_REASON = 300;

/** True for a YAML or JSON document that carries sops metadata. */
export function isSopsText(text: string): boolean {
  return /^\s*"?sops"?\s*:/m.test(text) && text.includes('ENC[');
}

/**
 * Encrypts a YAML or JSON document with the real sops; the text travels by pipes only.
 *
 * @param path - Where it will lie: sops takes its creation rule from there when no recipient is given.
 * @throws KeelwayError `TOOL_MISSING`, `TOOL_FAILED`.
 */
export async function encryptSops(
  text: string,
  path: string,
  recipients: readonly string[],
  exec: ExecPort,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const keys = recipients.length === 0 ? [] : ['--age', recipients.join(',')];
  const args = [
    'encrypt',
    '--filename-override',
    basename(path),
    ...typeFlags(text),
    '--encrypted-regex',
    SECRET_KEYS,
    ...keys,
  ];
  const output = await runSops(args, path, { input: text, ...(signal === undefined ? {} : { signal }) }, exec);
  return Buffer.from(output, 'utf8');
}

/**
 * Decrypts a document with the real sops.
 *
 * @param identityFile - age identities; null: whatever sops finds itself (its variables, PGP, a cloud's key service).
 * @throws KeelwayError `TOOL_MISSING`, `SECRETS_LOCKED` with what sops says.
 */
export async function decryptSops(
  text: string,
  path: string,
  identityFile: string | null,
  exec: ExecPort,
  signal: AbortSignal | undefined,
): Promise<string> {
  const options: ExecOptions = {
    input: text,
    ...(identityFile === null ? {} : { environment: { SOPS_AGE_KEY_FILE: resolve(identityFile) } }),
    ...(signal === undefined ? {} : { signal }),
  };
  return await runSops(['decrypt', '--filename-override', basename(path), ...typeFlags(text)], path, options, exec);
}

async function runSops(args: readonly string[], path: string, options: ExecOptions, exec: ExecPort): Promise<string> {
  const result = await exec.run('sops', args, { cwd: dirname(resolve(path)), ...options });
  if (result.exitCode === 0) return result.stdout;
  const verb = args[0] as string;
  throw new KeelwayError({
    code: verb === 'decrypt' ? 'SECRETS_LOCKED' : 'TOOL_FAILED',
    message: `sops cannot ${verb} ${path}: ${reasonOf(result.stderr)}`,
    hint:
      verb === 'decrypt'
        ? 'name the age identity file (--identity FILE), or give sops the key it wants; sops 3.10 or later is needed'
        : 'give --recipient age1..., or a creation rule in .sops.yaml; sops 3.10 or later is needed',
  });
}

function typeFlags(text: string): readonly string[] {
  const type = text.trimStart().startsWith('{') ? 'json' : 'yaml';
  return ['--input-type', type, '--output-type', type];
}

function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== '')
      .join(' ')
      .slice(0, LONGEST_REASON) || 'it says nothing'
  );
}
