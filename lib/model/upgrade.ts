import { etcdCanUpgradeTo36, etcdCanUpgradeTo37 } from './quirks.ts';
import { minorOf, parseVersion } from './versions.ts';

/** Programs whose data or API does not stand every step between versions. */
export type UpgradedProgram = 'kubernetes' | 'etcd';

/**
 * Why a cluster cannot go from one version to another in one step: `skip` leaves out a minor, `first` needs a newer patch
 * before, `back` returns to an older minor.
 */
export interface UpgradeObstacle {
  readonly kind: 'skip' | 'first' | 'back';
  /** What to run before: `1.36` (any patch of it), or `3.6.11` (or newer); null for `back`. */
  readonly before: string | null;
}

/** What every member of etcd needs before the first of the next minor joins. */
const ETCD_STEPS: Readonly<Record<string, { readonly allows: (from: string) => boolean; readonly before: string }>> = {
  '3.5': { allows: etcdCanUpgradeTo36, before: '3.5.26' },
  '3.6': { allows: etcdCanUpgradeTo37, before: '3.6.11' },
};

/**
 * Judges one step: both programs go minor by minor, forwards, in any patches.
 *
 * @param from - What the machines run, exact versions.
 * @returns Null when the step is fine, also for what {@link parseVersion} refuses.
 * @see https://etcd.io/docs/v3.7/upgrades/upgrade_3_7/
 * @see https://kubernetes.io/releases/version-skew-policy/
 */
export function upgradeObstacle(program: UpgradedProgram, from: string, to: string): UpgradeObstacle | null {
  const [old, next] = [parseVersion(from), parseVersion(to)];
  if (old === null || next === null || old.major !== next.major) return null;
  if (next.minor < old.minor) return { kind: 'back', before: null };
  if (next.minor > old.minor + 1) return { kind: 'skip', before: `${old.major}.${old.minor + 1}` };
  const step = program === 'etcd' && next.minor > old.minor ? ETCD_STEPS[minorOf(from)] : undefined;
  return step === undefined || step.allows(from) ? null : { kind: 'first', before: step.before };
}
