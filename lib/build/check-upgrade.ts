import { join } from 'node:path';
import type { Issue } from '../issue.ts';
import type { Cluster, Versions } from '../model/cluster.ts';
import { type UpgradedProgram, type UpgradeObstacle, upgradeObstacle } from '../model/upgrade.ts';
import { PLAN_DOCUMENT } from '../output/plan-document.ts';
import type { FilesPort } from '../ports.ts';
import { finding } from '../spec/issue-codes.ts';

const LIMIT_BYTES = 4 * 1024 * 1024;
const NAMES: Readonly<Record<UpgradedProgram, string>> = { kubernetes: 'Kubernetes', etcd: 'etcd' };

/** An output folder. */
export interface OutputPlace {
  readonly path: string;
  readonly shown: string;
}

/**
 * Judges the step from the versions of the last build to those of the next. What the machines really run is not known
 * here; the last build is what they were given.
 *
 * @returns Findings without positions; none when there is no output of this cluster yet.
 */
export async function checkUpgrade(
  files: FilesPort,
  output: OutputPlace,
  { name, versions }: Pick<Cluster, 'name' | 'versions'>,
): Promise<readonly Issue[]> {
  const last = await lastVersions(files, join(output.path, PLAN_DOCUMENT), name);
  return last === null ? [] : upgradeFindings(last, versions, output.shown);
}

/** The findings about a step between two builds; pure. */
export function upgradeFindings(
  last: Partial<Pick<Versions, UpgradedProgram>>,
  next: Versions,
  shown: string,
): readonly Issue[] {
  return (['kubernetes', 'etcd'] as const).flatMap((program) => {
    const from = last[program];
    const obstacle = typeof from === 'string' ? upgradeObstacle(program, from, next[program]) : null;
    return obstacle === null ? [] : [toIssue(program, `${from}`, next[program], obstacle, shown)];
  });
}

function toIssue(
  program: UpgradedProgram,
  from: string,
  to: string,
  { kind, before }: UpgradeObstacle,
  shown: string,
): Issue {
  const name = NAMES[program];
  const path = ['spec', 'versions', program];
  const unused = `if no machine has booted ${shown}, remove it`;
  if (kind === 'back') {
    const message = `${name} ${to} is older than ${from}, which the last build in ${shown} has: what ${from} wrote may be unreadable to it`;
    return finding('UPGRADE_BACK', path, message, `keep ${from}, or restore a snapshot that is as old; ${unused}`);
  }
  const order = program === 'etcd' ? 'one member after the other' : 'the control plane first';
  const needed = kind === 'skip' ? `${name} ${before}` : `${name} ${before} or newer`;
  const why = kind === 'skip' ? `leaves out ${before}` : `needs ${before} or newer on every member before`;
  const message = `from ${name} ${from}, which the last build in ${shown} has, to ${to} ${why}`;
  return finding('UPGRADE_SKIPS', path, message, `build and boot ${needed} first, ${order}; ${unused}`);
}

/** Anything that is no plan of this cluster gives nothing to compare with. */
async function lastVersions(files: FilesPort, path: string, cluster: string): Promise<Partial<Versions> | null> {
  if ((await files.stat(path)) === null) return null;
  try {
    const plan = JSON.parse(new TextDecoder().decode(await files.read(path, LIMIT_BYTES))) as {
      readonly kind?: unknown;
      readonly cluster?: unknown;
      readonly versions?: Partial<Versions> | null;
    } | null;
    return plan?.kind === 'Plan' && plan.cluster === cluster ? (plan.versions ?? null) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
