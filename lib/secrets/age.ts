import { KeelwayError } from '../errors.ts';
import type { FilesPort } from '../ports.ts';

const ARMOR_START = '-----BEGIN AGE ENCRYPTED FILE-----';
const BINARY_START = 'age-encryption.org/v1\n';
const RECIPIENT_HINT = 'a recipient starts with age1; `age-keygen -y key.txt` prints it';
const IDENTITY_LIMIT_BYTES = 64 * 1024;

/** Both forms that the age tool writes: ASCII armor and binary. */
export function isAgeFile(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 256)).toString('latin1');
  return start.trimStart().startsWith(ARMOR_START) || start.startsWith(BINARY_START);
}

/**
 * Encrypts text to age recipients, as ASCII armor, so that it stays a text file.
 *
 * @throws KeelwayError `USAGE_INVALID` for a recipient that is none, or without any: nobody could open it.
 */
export async function encryptAge(text: string, recipients: readonly string[]): Promise<Uint8Array> {
  if (recipients.length === 0) {
    throw new KeelwayError({ code: 'USAGE_INVALID', message: 'no recipient is given', hint: RECIPIENT_HINT });
  }
  const { armor, Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const [index, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // Not quoted: somebody may have given the identity instead.
      throw new KeelwayError({
        code: 'USAGE_INVALID',
        message: `recipient ${index + 1} is not an age recipient`,
        hint: RECIPIENT_HINT,
      });
    }
  }
  return Buffer.from(armor.encode(await encrypter.encrypt(text)), 'utf8');
}

/**
 * Decrypts an age file with the identities in a file (the one that `age-keygen` wrote).
 *
 * @param identityFile - Null when the user named none.
 * @throws KeelwayError `SECRETS_LOCKED` without a fitting identity, `SECRETS_INVALID` for a damaged file.
 */
export async function decryptAge(
  bytes: Uint8Array,
  path: string,
  identityFile: string | null,
  files: FilesPort,
): Promise<string> {
  if (identityFile === null) {
    throw new KeelwayError({
      code: 'SECRETS_LOCKED',
      message: `${path} is encrypted with age and no identity is given`,
      hint: 'name the identity file: --identity FILE, or the variable KEELWAY_AGE_IDENTITY_FILE or SOPS_AGE_KEY_FILE',
    });
  }
  const identities = await readIdentities(identityFile, files);
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const [index, identity] of identities.entries()) {
    try {
      decrypter.addIdentity(identity);
    } catch {
      throw new KeelwayError({
        code: 'SECRETS_LOCKED',
        message: `${identityFile}: identity ${index + 1} is not a native age identity`,
        hint: 'an identity starts with AGE-SECRET-KEY-1; identities of plug-ins and SSH keys are not supported',
      });
    }
  }
  try {
    const text = Buffer.from(bytes).toString('latin1');
    const binary = text.trimStart().startsWith(ARMOR_START) ? armor.decode(text) : bytes;
    return new TextDecoder('utf-8', { fatal: true }).decode(await decrypter.decrypt(binary));
  } catch (error) {
    if (error instanceof Error && /no identity matched/i.test(error.message)) {
      throw new KeelwayError({
        code: 'SECRETS_LOCKED',
        message: `no identity in ${identityFile} opens ${path}`,
        hint: 'use the identity of one of the recipients that the bundle was created for',
      });
    }
    throw new KeelwayError({
      code: 'SECRETS_INVALID',
      message: `${path} is damaged: age cannot decrypt it`,
      hint: 'restore it from a backup',
    });
  }
}

async function readIdentities(identityFile: string, files: FilesPort): Promise<readonly string[]> {
  const bytes = await files.read(identityFile, IDENTITY_LIMIT_BYTES);
  if (isAgeFile(bytes)) {
    throw new KeelwayError({
      code: 'SECRETS_LOCKED',
      message: `${identityFile} is itself encrypted`,
      hint: 'decrypt it with age first, into memory: --identity <(age -d key.age)',
    });
  }
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  const identities = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0) {
    throw new KeelwayError({ code: 'SECRETS_LOCKED', message: `${identityFile} holds no age identity` });
  }
  return identities;
}
