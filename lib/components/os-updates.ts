import type { OperatingSystem } from '../model/machine.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';

/**
 * Services that bring a new release of the OS and restart the machine for it, whenever they see one. Debian (Keelway's
 * node OS is an image) and Ubuntu have none: unattended-upgrades restarts nothing unless it is told to.
 *
 * @see https://www.flatcar.org/docs/latest/setup/releases/update-strategies/
 * @see https://docs.fedoraproject.org/en-US/fedora-coreos/auto-updates/
 */
const UPDATERS: Readonly<Record<OperatingSystem, readonly string[]>> = {
  debian: [],
  ubuntu: [],
  flatcar: ['locksmithd.service', 'update-engine.service'],
  'fedora-coreos': ['zincati.service'],
};

/**
 * Turns off what restarts a machine by itself. Nobody there knows that another control-plane machine or etcd member is
 * down already: with two members a single restart stops all writes. Updating the OS is the operator's, one machine after
 * the other.
 */
export function osUpdates({ machine }: MachineContext): MachinePart {
  return { units: UPDATERS[machine.os].map(masked) };
}

function masked(name: string): PlannedUnit {
  return { name, contents: null, enabled: false, masked: true, dropIns: [] };
}
