/** Something that is measured once a round. */
export interface Series {
  readonly id: string;
  /** What a reader is told was run. */
  readonly command: string;
  readonly unit: 'ms' | 'us';
  /** CPU time, in `unit`. */
  readonly measure: () => Promise<number>;
}

/** What each series took, round by round. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** Medians by series. */
export type Medians = Readonly<Record<string, number>>;

/** What the project promises about two series. */
export interface Target {
  readonly what: string;
  readonly value: (medians: Medians) => number;
  readonly limit: number;
  readonly isMet: (value: number, limit: number) => boolean;
  readonly show: (value: number) => string;
}

export const atMost = (value: number, limit: number): boolean => value <= limit;
export const below = (value: number, limit: number): boolean => value < limit;
export const atLeast = (value: number, limit: number): boolean => value >= limit;

export function ratio(numerator: string, denominator: string): Target['value'] {
  return (medians) => (medians[numerator] ?? Number.NaN) / (medians[denominator] ?? Number.NaN);
}

/** CPU time of this process for one of `count` repetitions, in microseconds, garbage collection included. */
export function ownCpu(count: number, action: () => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

export function mediansOf(samples: Samples): Medians {
  return Object.fromEntries(Object.entries(samples).map(([id, values]) => [id, median(values)]));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
