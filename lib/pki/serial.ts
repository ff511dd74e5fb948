import type { RandomPort } from '../ports.ts';

const SERIAL_BYTES = 16;

/**
 * A random serial number: positive, 127 bits, 126 of them random.
 *
 * The second highest bit is set, so it is never zero, short or negative, whatever the reader's integer is.
 */
export function randomSerial(random: RandomPort): Uint8Array {
  const serial = Uint8Array.from(random.bytes(SERIAL_BYTES));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
