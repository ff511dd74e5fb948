const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const IPV6_GROUPS = 8;

/**
 * Network-order bytes of an IP address: 4 for IPv4, 16 for IPv6 (with `::` and a dotted tail, without a zone).
 *
 * @returns Null when the text is no address; so it also tells a name from an address.
 */
export function ipBytes(text: string): Uint8Array | null {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

function ipv4Bytes(text: string): Uint8Array | null {
  if (!IPV4.test(text)) return null;
  const numbers = text.split('.').map(Number);
  // A leading zero is octal to some readers: no address.
  if (numbers.join('.') !== text || numbers.some((number) => number > 255)) return null;
  return Uint8Array.from(numbers);
}

function ipv6Bytes(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] as string, halves.length === 1);
  const tail = halves.length === 1 ? [] : groups(halves[1] as string, true);
  if (head === null || tail === null) return null;
  const gap = IPV6_GROUPS - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return null;
  const all = [...head, ...new Array<number>(gap).fill(0), ...tail];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Null when a group is malformed; a dotted IPv4 tail, allowed at the very end only, counts as two groups. */
function groups(text: string, mayEndDotted: boolean): number[] | null {
  if (text === '') return [];
  const result: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const dotted = mayEndDotted && index === parts.length - 1 && part.includes('.') ? ipv4Bytes(part) : null;
    if (dotted !== null) {
      const [a, b, c, d] = dotted as unknown as [number, number, number, number];
      result.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) result.push(Number.parseInt(part, 16));
    else return null;
  }
  return result;
}
