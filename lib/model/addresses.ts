const LOOSE_MAC = /^(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}$/;
const BARE_MAC = /^[0-9A-Fa-f]{12}$/;
const CISCO_MAC = /^[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}$/;

/**
 * The one spelling of a MAC address, `52:54:00:0a:00:0b`, from any usual one (upper case, dashes, Cisco dots, bare).
 *
 * @returns Null when the text is no MAC address in any spelling.
 */
export function canonicalMac(text: string): string | null {
  if (!LOOSE_MAC.test(text) && !BARE_MAC.test(text) && !CISCO_MAC.test(text)) return null;
  const digits = text.replaceAll(/[^0-9A-Fa-f]/g, '').toLowerCase();
  return digits.replaceAll(/(..)(?=.)/g, '$1:');
}

/** False for multicast, broadcast and all-zero addresses, which no network card has. Takes the canonical spelling. */
export function isUnicastMac(mac: string): boolean {
  return mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** RFC 1123 label in lower case, at most 63 characters: what a machine name must be. */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Labels joined by dots, at most 253 characters; a single label counts. A name of digits and dots only is none. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && /[a-z]/.test(text) && text.split('.').every(isDnsLabel);
}
