import type { Cluster, ClusterInputs } from '../model/cluster.ts';
import { CNI_PLUGIN_DIRECTORY, programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { toYaml } from '../render/yaml.ts';
import { assetUnits } from './asset-units.ts';
import { rootDirectory } from './control-plane-files.ts';
import { imageReference } from './image-reference.ts';
import { plainFile, productService } from './product-unit.ts';
import { REGISTRY_DIRECTORY, registryMirrors } from './registry-mirrors.ts';

const CONFIG_FILE = '/etc/containerd/config.toml';
export const CONTAINERD_UNIT = 'containerd.service';
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/**
 * containerd with its registries, on every machine that runs a kubelet, and crictl's settings.
 *
 * @see https://github.com/containerd/containerd/blob/main/docs/cri/config.md
 */
export function containerd(context: MachineContext): MachinePart {
  const { cluster, inputs } = context;
  const mirrors = registryMirrors(cluster, inputs);
  return {
    directories: [
      rootDirectory('/etc/containerd', 0o755),
      rootDirectory('/etc/cni', 0o755),
      rootDirectory('/etc/cni/net.d', 0o755),
      rootDirectory(CNI_PLUGIN_DIRECTORY, 0o755),
      ...(mirrors.directories ?? []),
    ],
    files: [
      plainFile(CONFIG_FILE, containerdConfig(cluster, inputs)),
      plainFile('/etc/crictl.yaml', toYaml(crictlConfig())),
      ...(mirrors.files ?? []),
    ],
    units: [unit(context)],
  };
}

/**
 * The configuration in its third version, which containerd 2.0 to 2.3 and later read alike.
 *
 * The folder of registries stands in place of inline mirrors, which containerd 2.4 no longer knows. The sandbox image
 * is the pinned one: the kubelet's image garbage collection leaves it alone.
 */
export function containerdConfig(cluster: Cluster, inputs: ClusterInputs): string {
  return `version = 3

[plugins.'io.containerd.cri.v1.images']
  max_concurrent_downloads = 10

  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '${imageReference(cluster, inputs, 'pause')}'

  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '${REGISTRY_DIRECTORY}'

[plugins.'io.containerd.cri.v1.runtime']
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['${CNI_PLUGIN_DIRECTORY}']
    conf_dir = '/etc/cni/net.d'

  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'

    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'

      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        SystemdCgroup = true
`;
}

function crictlConfig() {
  const endpoint = `unix://${CONTAINERD_SOCKET}`;
  return { 'runtime-endpoint': endpoint, 'image-endpoint': endpoint, timeout: 10 };
}

/** Our own on every OS: the file replaces the one that a distribution brings. */
function unit(context: MachineContext): PlannedUnit {
  return productService({
    name: CONTAINERD_UNIT,
    description: 'containerd',
    documentation: 'https://containerd.io',
    requires: assetUnits(context),
    after: ['network.target', 'dbus.service', 'keelway-kernel.service'],
    unit: [['StartLimitIntervalSec', 0]],
    service: [
      ['Type', 'notify'],
      ['ExecStart', `${programPath(context.machine.os, 'containerd')} --config ${CONFIG_FILE}`],
      // Containers outlive a restart of containerd.
      ['Delegate', 'yes'],
      ['KillMode', 'process'],
      ['Restart', 'always'],
      ['RestartSec', '5s'],
      ['LimitNOFILE', '1048576'],
      ['LimitNPROC', 'infinity'],
      ['LimitCORE', 'infinity'],
      ['TasksMax', 'infinity'],
      ['OOMScoreAdjust', -999],
    ],
  });
}
