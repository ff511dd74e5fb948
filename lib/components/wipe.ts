import type { OperatingSystem } from '../model/machine.ts';
import type { MachineContext, MachinePart, PlannedFile } from '../plan/machine-plan.ts';
import { assetUnits } from './asset-units.ts';
import { rootDirectory } from './control-plane-files.ts';
import { KUBELET_CERTIFICATE_UNIT } from './kubelet-certificate.ts';
import { oneshotScript, productService, scriptFile } from './product-unit.ts';

const SCRIPT = 'wipe';

/**
 * `keelway-wipe.service`: once everything is verified, removes every copy of the seed that the provisioning program
 * keeps; the secrets are then in their own 0600 files only. A medium that holds a seed is out of its reach.
 *
 * On cloud-init machines it then turns cloud-init off. Without that, the next boot of an installed machine would find no
 * data source and set the network and the host keys anew, or take a configuration from whatever medium is plugged in. A
 * machine that runs from memory gets its seed again at each boot. `cloud-init clean`, which asks for a new
 * configuration, turns cloud-init on again by its own hook.
 *
 * Fedora CoreOS keeps a copy in /run only: its own /boot/ignition is wiped by Ignition.
 */
export function wipe(context: MachineContext): MachinePart {
  const { machine } = context;
  const cloudInit = machine.configFormat === 'cloud-init';
  return {
    directories: cloudInit ? [rootDirectory(CLEAN_HOOK_DIRECTORY, 0o755)] : [],
    files: [
      scriptFile(SCRIPT, cloudInit ? CLOUD_INIT_SCRIPT : ignitionScript(machine.os)),
      ...(cloudInit ? [HOOK] : []),
    ],
    units: [
      productService({
        name: 'keelway-wipe.service',
        description: 'Keelway: remove the seed and its copies',
        after: [
          ...(cloudInit ? ['cloud-final.service'] : []),
          ...assetUnits(context),
          ...(machine.runsKubelet ? [KUBELET_CERTIFICATE_UNIT] : []),
        ],
        service: oneshotScript(SCRIPT),
      }),
    ],
  };
}

const CLEAN_HOOK_DIRECTORY = '/etc/cloud/clean.d';
const DISABLED = '/etc/cloud/cloud-init.disabled';

/** @see https://docs.cloud-init.io/en/latest/reference/cli.html#clean */
const HOOK: PlannedFile = {
  path: `${CLEAN_HOOK_DIRECTORY}/50-keelway`,
  contents: `#!/bin/sh
# Keelway: cloud-init clean asks for a new configuration, so let cloud-init run at the next boot.
rm -f ${DISABLED}
`,
  mode: 0o755,
  owner: 'root',
  group: 'root',
  secret: false,
};

const CLOUD_INIT_SCRIPT = `#!/bin/sh
# Keelway: removes the seed and what cloud-init keeps of it, then turns cloud-init off.
set -eu

rm -rf /var/lib/cloud/seed/nocloud /var/lib/cloud/seed/nocloud-net
for instance in /var/lib/cloud/instances/*; do
  [ -d "$instance" ] || continue
  rm -rf "$instance/scripts" "$instance/handlers"
  rm -f "$instance"/user-data.txt* "$instance"/vendor-data*.txt* "$instance"/vendor-data2*.txt* \\
    "$instance"/cloud-config.txt "$instance"/vendor-cloud-config.txt "$instance"/vendor2-cloud-config.txt \\
    "$instance"/network-config.json "$instance/obj.pkl"
done
rm -f /run/cloud-init/instance-data-sensitive.json /run/cloud-init/combined-cloud-config.json
if [ -d /etc/cloud ]; then
  : >${DISABLED}
fi
sync -f /var/lib
echo "keelway-wipe: the seed and its copies are removed"
`;

/** Where the running system finds the configuration that Ignition used. */
const IGNITION_COPIES: readonly string[] = ['/run/ignition.json', '/run/ignition/ignition.json'];
const FLATCAR_COPIES: readonly string[] = ['/oem/config.ign', '/usr/share/oem/config.ign'];

function ignitionScript(os: OperatingSystem): string {
  const copies = [...IGNITION_COPIES, ...(os === 'flatcar' ? FLATCAR_COPIES : [])];
  return `#!/bin/sh
# Keelway: removes the copies of the configuration that Ignition keeps.
set -eu

for copy in ${copies.join(' ')}; do
  [ -e "$copy" ] || continue
  # A file of the read-only system is not one that Ignition or an installer wrote.
  rm -f "$copy" || echo "keelway-wipe: WARNING: cannot remove $copy" >&2
done
sync -f /var/lib
echo "keelway-wipe: the copies of the configuration are removed"
`;
}
