import type { MachinePlan } from '../../plan/machine-plan.ts';
import type { LabCable, LabMachine } from '../lab-plan.ts';
import { IMAGE_FOLDER } from './start-programs.ts';

/** Where the shared layer has the programs of container images; {@link IMAGE_FOLDER} itself is in memory. */
export const IMAGE_LAYER_FOLDER = '/usr/share/keelway-lab/images';

/** A machine of the cluster without a system: its network is set, and what was planned is put there when it is on. */
export function programMachine({ machine, network }: MachinePlan, cable: LabCable): LabMachine {
  return {
    name: machine.name,
    kind: 'programs',
    role: machine.role,
    cables: [{ ...cable, address: `${network.address}/${network.prefixLength}` }],
    gateway: network.gateway,
    files: [],
    links: [],
    disks: [],
    images: [],
    seed: [],
    services: [['ln', '-s', IMAGE_LAYER_FOLDER, IMAGE_FOLDER]],
  };
}
