const BASE64_PREFIX = 'data:;base64,';
const ESCAPED_PREFIX = 'data:,';

/**
 * Writes text as the shorter of a percent-escaped and a base64 `data:` URL; the escaped one on a tie, as it can be read.
 *
 * Never compressed: the configuration travels inside carriers that are compressed as a whole, or need not be, and
 * base64 over gzip makes those larger.
 *
 * @param text - Well-formed UTF-16, encoded as UTF-8.
 * @see https://www.rfc-editor.org/rfc/rfc2397
 */
export function dataUrl(text: string): string {
  // encodeURI leaves exactly the characters that a URL's data may hold, but for the two that would end it.
  const escaped = ESCAPED_PREFIX + encodeURI(text).replace(/[#?]/g, escapeDelimiter);
  // biome-ignore lint/style/noRestrictedGlobals: encodes and nothing else, several times faster than btoa can be made to.
  const bytes = Buffer.from(text);
  const base64Length = BASE64_PREFIX.length + Math.ceil(bytes.length / 3) * 4;
  return base64Length < escaped.length ? BASE64_PREFIX + bytes.toString('base64') : escaped;
}

function escapeDelimiter(character: string): string {
  return character === '#' ? '%23' : '%3F';
}
