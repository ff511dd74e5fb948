import { describe, expect, it } from 'vitest';
import { parseDurationMs, parseSizeBytes } from '../../../lib/model/quantities.ts';

describe('durations', () => {
  it.each([
    ['100ms', 100],
    ['10s', 10_000],
    ['5m', 300_000],
    ['8760h', 31_536_000_000],
  ])('%s is %d ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each(['', '0s', '10', 's', '1.5h', '1h30m', '-1s', '010s', '10 s', '1d', '9999999999h'])('%s is none', (text) =>
    expect(parseDurationMs(text)).toBeNull(),
  );
});

describe('sizes', () => {
  it.each([
    ['1KiB', 1024],
    ['512MiB', 536_870_912],
    ['8GiB', 8_589_934_592],
    ['2TiB', 2_199_023_255_552],
  ])('%s is %d bytes', (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));

  it.each(['', '8', '8GB', '8Gi', '8 GiB', '0GiB', '08GiB', '1.5GiB', '8gib'])('%s is none', (text) =>
    expect(parseSizeBytes(text)).toBeNull(),
  );
});
