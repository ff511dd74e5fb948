import type { MachinePlan, PlannedFile } from '../plan/machine-plan.ts';
import { hostnameFile, sudoersFile } from '../render/account-files.ts';
import { networkFiles } from '../render/network-files.ts';
import { unitFiles } from '../render/unit-files.ts';

/**
 * Every file the configuration puts on a machine, whichever way it is delivered, sorted by path: the planned ones, units
 * and drop-ins, and those the renderers add (host name, sudo, network).
 */
export function machineFiles(plan: MachinePlan): PlannedFile[] {
  const files = [
    hostnameFile(plan),
    ...sudoersFile(plan),
    ...networkFiles(plan),
    ...plan.files,
    ...unitFiles(plan.units),
  ];
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}
