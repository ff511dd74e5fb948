const LINE_CHARACTERS = 64;

/** Wraps DER as PEM (RFC 7468): base64 in lines of 64 characters, a newline at the end. */
export function encodePem(label: string, der: Buffer): string {
  const text = der.toString('base64');
  let body = '';
  for (let start = 0; start < text.length; start += LINE_CHARACTERS) {
    body += `${text.slice(start, start + LINE_CHARACTERS)}\n`;
  }
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

/** The DER of one PEM block as {@link encodePem} writes it; null for anything else. */
export function decodePem(label: string, pem: string): Buffer | null {
  const begin = `-----BEGIN ${label}-----\n`;
  const end = `-----END ${label}-----`;
  const text = pem.trimEnd();
  if (!text.startsWith(begin) || !text.endsWith(end)) return null;
  return Buffer.from(text.slice(begin.length, -end.length), 'base64');
}
