import { requiredPrograms } from '../model/programs.ts';
import type { MachineContext } from '../plan/machine-plan.ts';

/** Puts the programs of the asset lock in place. */
export const ASSETS_UNIT = 'keelway-assets.service';

/** The units that programs of this machine wait for: {@link ASSETS_UNIT} where some come by the asset lock, else none. */
export function assetUnits({ cluster, machine }: MachineContext): readonly string[] {
  return requiredPrograms(cluster, machine).some(({ delivery }) => delivery === 'locked') ? [ASSETS_UNIT] : [];
}
