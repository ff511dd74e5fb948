const LIMIT = 60;
const SECRET = /PRIVATE KEY|AGE-SECRET-KEY/;
/** Credentials of a URL; the colon is looked for afterwards, so that the search stays linear. */
const USER_INFO = /:\/\/([^/@\s]*)@/g;

/** True for text that must not be repeated in a message. */
export function looksSecret(text: string): boolean {
  if (SECRET.test(text)) return true;
  for (const [, user] of text.matchAll(USER_INFO)) if (user?.includes(':') === true) return true;
  return false;
}

/**
 * A value as messages name it: short, on one line, control characters visible, secret material left out.
 *
 * Plain words stay bare (`10.0.0.311`), everything else is quoted.
 */
export function showValue(value: unknown): string {
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  if (looksSecret(value)) return 'a value that looks secret';
  const short = value.length > LIMIT ? `${value.slice(0, LIMIT - 3)}...` : value;
  return /^[\w.:/@+-]+$/.test(short) ? short : visible(JSON.stringify(short));
}

/** Control characters and the ones that reorder text, as escapes. */
export function visible(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
