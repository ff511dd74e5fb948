/** One fresh connection of a client. */
export interface Try {
  readonly beganMs: number;
  /** How much later than it should have. */
  readonly lateMs: number;
  /** The machine that answered; null: nobody did, in time and well. */
  readonly server: string | null;
  readonly answer: string;
}

/** What a client went through in a time. */
export interface Outage {
  /** From the beginning of the time until the last hole was over; zero without one. */
  readonly lastMs: number;
  /** All holes together. */
  readonly sumMs: number;
  /** Failed tries outside of holes, of all tries. */
  readonly strayShare: number;
  /** How long the client itself, at the worst, waited for a processor. */
  readonly starvedMs: number;
  /** What became of the failed tries, and when, in milliseconds; the first of them. */
  readonly failures: readonly string[];
}

/** Failures that are closer are one hole: with several next hops only some of the tries meet the one that is gone. */
const SAME_HOLE_MS = 1000;
/** Fewer failures are, at a time when none is expected, no hole but a hiccup of a busy host. */
const HOLE_FAILURES = 3;

/**
 * @param tries - Of the whole time, the first one first.
 * @param fromMs - When the time began.
 * @param expectedMs - For so long any failure is a hole.
 */
export function outageOf(tries: readonly Try[], fromMs: number, expectedMs: number): Outage {
  const holes: { fromMs: number; untilMs: number; failures: number }[] = [];
  tries.forEach(({ beganMs, server }, index) => {
    if (server !== null) return;
    const untilMs = tries[index + 1]?.beganMs ?? beganMs;
    const last = holes.at(-1);
    if (last !== undefined && beganMs - last.untilMs < SAME_HOLE_MS) {
      last.untilMs = untilMs;
      last.failures += 1;
    } else holes.push({ fromMs: beganMs, untilMs, failures: 1 });
  });
  const real = holes.filter((hole) => hole.failures >= HOLE_FAILURES || hole.fromMs - fromMs < expectedMs);
  const strays = holes.filter((hole) => !real.includes(hole)).reduce((sum, { failures }) => sum + failures, 0);
  return {
    lastMs: (real.at(-1)?.untilMs ?? fromMs) - fromMs,
    sumMs: real.reduce((sum, hole) => sum + hole.untilMs - hole.fromMs, 0),
    strayShare: strays / Math.max(1, tries.length),
    starvedMs: Math.max(0, ...tries.map(({ lateMs }) => lateMs)),
    failures: tries
      .filter(({ server }) => server === null)
      .slice(0, 40)
      .map(({ beganMs, answer }) => `${beganMs - fromMs} ${answer}`),
  };
}
