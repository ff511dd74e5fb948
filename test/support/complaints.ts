import { EXPLAINED_ERRORS, type Excuse, type ExplainedError, GRACE_MS } from './explained-errors.ts';

/** One line at error level. */
export interface Complaint {
  readonly machine: string;
  /** The unit without its ending, the name in the journal, or the container. */
  readonly program: string;
  readonly text: string;
  /** Unix time, in milliseconds. */
  readonly atMs: number;
}

/** When a start of a cluster reached what, as Unix time in milliseconds. */
export interface StartTimes {
  readonly poweredOnMs: number;
  readonly apiReadyMs: number;
  readonly upMs: number;
}

/** klog, zap, logrus and slog, BIRD and HAProxy, each in its own way; understood by JavaScript, grep -E and PCRE. */
export const ERROR_LINE =
  '^[EF][0-9]{4} |"level":"(error|fatal|panic|dpanic)"|level=(error|ERROR|fatal|FATAL)|<(ERR|FATAL|BUG)>|^\\[ALERT\\]|^panic:';

/** So long must nobody have complained when a start is judged. */
export const QUIET_MS = 30_000;

/** Those that no entry of the list excuses at their time. */
export function unexplained(
  complaints: readonly Complaint[],
  tier: NonNullable<ExplainedError['tier']>,
  start: StartTimes,
): readonly Complaint[] {
  const limits: Readonly<Record<Excuse, number>> = {
    'API ready': start.apiReadyMs + GRACE_MS,
    up: start.upMs + GRACE_MS,
    quiet: Number.POSITIVE_INFINITY,
    always: Number.POSITIVE_INFINITY,
  };
  return complaints.filter((complaint) => !excusesOf(complaint, tier).some((until) => complaint.atMs <= limits[until]));
}

/**
 * How long nobody has complained, in milliseconds: since the cluster was up, or the last line that is not excused for ever.
 * A fault that lasts is one whose lines never stop.
 */
export function quietFor(
  complaints: readonly Complaint[],
  tier: NonNullable<ExplainedError['tier']>,
  start: StartTimes,
  nowMs: number,
): number {
  const times = complaints
    .filter((complaint) => !excusesOf(complaint, tier).includes('always'))
    .map(({ atMs }) => atMs);
  return nowMs - Math.max(start.upMs, ...times);
}

function excusesOf({ program, text }: Complaint, tier: string): readonly Excuse[] {
  return EXPLAINED_ERRORS.filter(
    (each) => (each.tier ?? tier) === tier && each.program.test(program) && each.text.test(text),
  ).map(({ until }) => until);
}

/** For a failed expectation: who, when after power on, and what. */
export function shown({ machine, program, text, atMs }: Complaint, start: StartTimes): string {
  return `${machine} ${program} +${((atMs - start.poweredOnMs) / 1000).toFixed(1)} s: ${text.slice(0, 400)}`;
}
