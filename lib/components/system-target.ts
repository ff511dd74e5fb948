import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { unitFile } from '../render/systemd.ts';
import { rootDirectory } from './control-plane-files.ts';
import { SCRIPT_DIRECTORY, TARGET } from './product-unit.ts';

/**
 * `keelway.target`, which starts everything of the product, and the product's own folders.
 *
 * It comes after multi-user.target, which therefore never waits for a quorum, and cloud-init's last stage, which comes
 * after multi-user.target, can be waited for by the seed check without a circle.
 */
export function systemTarget({ cluster, machine }: MachineContext): MachinePart {
  return {
    directories: [
      rootDirectory('/etc/keelway', 0o755),
      rootDirectory(SCRIPT_DIRECTORY, 0o755),
      rootDirectory('/var/lib/keelway', 0o755),
    ],
    units: [
      {
        name: TARGET,
        enabled: true,
        masked: false,
        dropIns: [],
        contents: unitFile({
          Unit: [
            ['Description', `Keelway: ${machine.name}, ${machine.role} machine of the cluster ${cluster.name}`],
            ['After', 'multi-user.target'],
          ],
          Install: [['WantedBy', 'multi-user.target']],
        }),
      },
    ],
  };
}
