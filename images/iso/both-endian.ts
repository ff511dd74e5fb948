/** Size of a logical sector and block; every extent starts at a multiple of it. */
export const sectorBytes = 2048;

/** Number of whole sectors that hold so many bytes. */
export function sectorCount(bytes: number): number {
  return Math.ceil(bytes / sectorBytes);
}

/** Writes a 16-bit number twice, little endian then big endian: four bytes (ECMA-119 7.2.3). */
export function setBoth16(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, value, true);
  view.setUint16(offset + 2, value, false);
}

/** Writes a 32-bit number twice, little endian then big endian: eight bytes (ECMA-119 7.3.3). */
export function setBoth32(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, true);
  view.setUint32(offset + 4, value, false);
}

/** Reads a 32-bit number that is stored both ways; undefined when the two differ. */
export function getBoth32(view: DataView, offset: number): number | undefined {
  const value = view.getUint32(offset, true);
  return value === view.getUint32(offset + 4, false) ? value : undefined;
}
