import { KeelwayError } from '../errors.ts';
import type { Issue } from '../issue.ts';
import type { Cluster, ClusterInputs, LockedAsset } from './cluster.ts';
import type { Machine } from './machine.ts';
import { ARCHITECTURE, acceptsVersion, type RequiredProgram, requiredPrograms } from './programs.ts';

/** A required program with the lock entry that brings it. */
export interface LockedProgram {
  readonly program: RequiredProgram;
  readonly asset: LockedAsset;
}

/**
 * The lock entries of every program that a machine gets by the asset lock; none for Keelway's node OS.
 *
 * @throws {@link KeelwayError} `ASSET_NOT_LOCKED` that names each missing program of this machine.
 */
export function lockedPrograms(cluster: Cluster, machine: Machine, inputs: ClusterInputs): readonly LockedProgram[] {
  const missing: Missing[] = [];
  const found = needed(cluster, machine).flatMap((program) => {
    const asset = findAsset(program, inputs);
    if (asset === null) missing.push({ machine, program });
    return asset === null ? [] : [{ program, asset }];
  });
  if (missing.length > 0) throw notLocked(missing, inputs);
  return found;
}

/**
 * Checks the whole cluster against the asset lock at once.
 *
 * @throws {@link KeelwayError} `ASSET_NOT_LOCKED` with one issue for each machine and program that is missing.
 */
export function requireLockedPrograms(cluster: Cluster, inputs: ClusterInputs): void {
  const missing = cluster.machines.flatMap((machine) =>
    needed(cluster, machine)
      .filter((program) => findAsset(program, inputs) === null)
      .map((program) => ({ machine, program })),
  );
  if (missing.length > 0) throw notLocked(missing, inputs);
}

interface Missing {
  readonly machine: Machine;
  readonly program: RequiredProgram;
}

function needed(cluster: Cluster, machine: Machine): readonly RequiredProgram[] {
  return requiredPrograms(cluster, machine).filter(({ delivery }) => delivery === 'locked' || delivery === 'oci');
}

function findAsset(program: RequiredProgram, inputs: ClusterInputs): LockedAsset | null {
  return candidates(program, inputs).find((asset) => acceptsVersion(program, asset.version)) ?? null;
}

function candidates(program: RequiredProgram, inputs: ClusterInputs): readonly LockedAsset[] {
  return inputs.assets.filter(
    (asset) =>
      asset.name === program.asset &&
      asset.architecture === ARCHITECTURE &&
      (asset.kind === 'oci') === (program.delivery === 'oci'),
  );
}

function notLocked(missing: readonly Missing[], inputs: ClusterInputs): KeelwayError {
  const issues = missing.map(({ machine, program }) => toIssue(machine, program, inputs));
  const [first] = issues;
  const more = issues.length > 1 ? `, and ${issues.length - 1} more` : '';
  return new KeelwayError({
    code: 'ASSET_NOT_LOCKED',
    message: `the asset lock lacks a program that a machine needs: ${first?.message}${more}`,
    hint: 'add the entries to the lock file beside the cluster file (spec.assets.lock, assets.lock.yaml by default)',
    issues,
  });
}

function toIssue(machine: Machine, program: RequiredProgram, inputs: ClusterInputs): Issue {
  const kind = program.delivery === 'oci' ? ' as an OCI image' : '';
  const range =
    program.accepts === null ? '' : ` (or any from ${program.accepts.from} before ${program.accepts.before})`;
  const others = candidates(program, inputs).map((asset) => asset.version);
  const have = others.length === 0 ? '' : `; the lock has ${others.join(', ')}`;
  return {
    severity: 'error',
    code: 'ASSET_NOT_LOCKED',
    path: ['spec', 'assets', 'lock'],
    message: `${machine.name} (${machine.os}) needs ${program.asset} ${program.version}${range}${kind} for ${ARCHITECTURE}${have}`,
    hint: `lock ${program.asset} ${program.version} with its url and sha256`,
  };
}
