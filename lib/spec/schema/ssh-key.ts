import { looksSecret, showValue } from '../show-value.ts';
import type { Problem } from './checked.ts';

const TYPES = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;

const HINT = 'write one line of a .pub file: type, base64, comment; `ssh-keygen -t ed25519` makes a pair';

/** A public key in the form of OpenSSH's .pub files; the base64 body must name the type that stands before it. */
export function sshKeyProblem(text: string): Problem | null {
  if (looksSecret(text)) {
    const message = 'this is a private key; whoever has read this file can use it';
    return { code: 'SPEC_SECRET', message, hint: 'write the public half (the .pub file) and make a new pair' };
  }
  const code = 'SPEC_SSH_KEY_INVALID';
  const [type = '', body = ''] = text.split(' ');
  if (/[\r\n]/.test(text.trimEnd())) return { code, message: 'the key spans several lines', hint: HINT };
  if (text !== text.trim() || /[\u0000-\u001f\u007f]/.test(text)) {
    return {
      code,
      message: 'the key has white space around it',
      hint: 'remove it; one space between type, base64 and comment',
    };
  }
  if (type === 'ssh-dss') return { code, message: 'ssh-dss keys are refused by OpenSSH', hint: 'use ssh-ed25519' };
  if (!TYPES.some((known) => known === type))
    return { code, message: `${showValue(text)} is not a public SSH key`, hint: HINT };
  if (innerType(body) !== type)
    return { code, message: `the body of the ${type} key is damaged or of another type`, hint: HINT };
  return null;
}

/** The type that the base64 body itself names: a length of four bytes, then the text. */
function innerType(body: string): string | null {
  if (body.length < 44 || body.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return null;
  const bytes = atob(body);
  const length = bytes.charCodeAt(2) * 256 + bytes.charCodeAt(3);
  return bytes.length > 4 + length ? bytes.slice(4, 4 + length) : null;
}
