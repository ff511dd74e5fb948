/** A canonical IPv4 network: host bits are zero. Addresses are unsigned 32-bit numbers. */
export interface Cidr {
  /** `10.0.0.0/24`. */
  readonly text: string;
  /** The network address. */
  readonly first: number;
  /** The broadcast address. */
  readonly last: number;
  readonly prefixLength: number;
}

const OCTET = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Reads dotted IPv4 in its one spelling: four numbers from 0 to 255 without leading zeros.
 *
 * @returns An unsigned 32-bit number, null when the text is no such address.
 */
export function parseIpv4(text: string): number | null {
  const octets = text.split('.', 5);
  if (octets.length !== 4) return null;
  let value = 0;
  for (const octet of octets) {
    if (!OCTET.test(octet) || Number(octet) > 255) return null;
    value = value * 256 + Number(octet);
  }
  return value;
}

/** The inverse of {@link parseIpv4}; takes an integer from 0 to 2^32 - 1. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Number of addresses of a prefix length: 256 for 24. */
export function cidrSize(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}

/** The network with this prefix length that holds the address; `text` is canonical. */
export function cidrOf(address: number, prefixLength: number): Cidr {
  const size = cidrSize(prefixLength);
  const first = Math.floor(address / size) * size;
  return { text: `${formatIpv4(first)}/${prefixLength}`, first, last: first + size - 1, prefixLength };
}

/**
 * Reads `a.b.c.d/n` whose host bits are zero.
 *
 * @returns Null when the text is no such network; {@link parseInterfaceAddress} says what it would be with host bits cleared.
 */
export function parseCidr(text: string): Cidr | null {
  const cidr = parseInterfaceAddress(text);
  return cidr !== null && cidr.text === text ? cidr : null;
}

/** Reads `a.b.c.d/n` with any host bits and returns its network; null when it is not of that form. */
export function parseInterfaceAddress(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const address = parseIpv4(text.slice(0, Math.max(slash, 0)));
  const length = text.slice(slash + 1);
  if (address === null || !/^(?:3[0-2]|[12]?\d)$/.test(length)) return null;
  return cidrOf(address, Number(length));
}

/** A network that the caller knows to be canonical; throws RangeError for anything else. */
export function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === null) throw new RangeError(`not a canonical IPv4 network: ${JSON.stringify(text)}`);
  return cidr;
}

/** False for a text that is not an address. */
export function contains(cidr: Cidr, address: number | string): boolean {
  const value = typeof address === 'string' ? parseIpv4(address) : address;
  return value !== null && value >= cidr.first && value <= cidr.last;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** `nthAddress(10.96.0.0/12, 1)` is `10.96.0.1`. Throws RangeError beyond the last address. */
export function nthAddress(cidr: Cidr, index: number): string {
  if (!Number.isInteger(index) || index < 0 || cidr.first + index > cidr.last) {
    throw new RangeError(`${cidr.text} has no address number ${index}`);
  }
  return formatIpv4(cidr.first + index);
}

/**
 * `network` or `broadcast` when the address names the whole network and no host, else null.
 *
 * Networks of one or two addresses (/32, /31) have neither.
 */
export function networkEnd(cidr: Cidr, address: string): 'network' | 'broadcast' | null {
  if (cidr.prefixLength > 30) return null;
  const value = parseIpv4(address);
  if (value === cidr.first) return 'network';
  return value === cidr.last ? 'broadcast' : null;
}
