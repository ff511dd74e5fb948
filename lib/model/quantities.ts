const DURATION = /^([1-9]\d{0,8})(ms|s|m|h)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads `100ms`, `10s`, `5m` or `8760h`: one whole number, one unit.
 *
 * @returns Milliseconds, null when the text is no such duration.
 */
export function parseDurationMs(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
}

const SIZE = /^([1-9]\d{0,8})(KiB|MiB|GiB|TiB)$/;
const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/**
 * Reads `512MiB` or `8GiB`: one whole number, one binary unit.
 *
 * @returns Bytes, null when the text is no such size.
 */
export function parseSizeBytes(text: string): number | null {
  const match = SIZE.exec(text);
  if (match === null) return null;
  return Number(match[1]) * (UNIT_BYTES[match[2] ?? ''] ?? Number.NaN);
}
