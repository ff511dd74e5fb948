import { KeelwayError } from '../errors.ts';
import type { Cluster, ClusterInputs, RegistryMirror } from '../model/cluster.ts';
import type { MachinePart, PlannedFile } from '../plan/machine-plan.ts';
import { joinPem, rootDirectory } from './control-plane-files.ts';
import { plainFile } from './product-unit.ts';

/** containerd's `config_path`: one folder for each registry. */
export const REGISTRY_DIRECTORY = '/etc/containerd/certs.d';

/** Where the registry of a short image name really is. */
const DOCKER_HUB = 'registry-1.docker.io';

/**
 * A `hosts.toml`, and the private CA where there is one, for each registry that the cluster file gives mirrors for.
 *
 * Mirrors are tried in order, then the registry itself; containerd reads the files at each pull.
 *
 * @throws {@link KeelwayError} `INPUT_UNREADABLE` when the text of a CA file is not among the inputs.
 * @see https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
export function registryMirrors(cluster: Cluster, inputs: ClusterInputs): MachinePart {
  return {
    directories: [
      rootDirectory(REGISTRY_DIRECTORY, 0o755),
      ...cluster.registries.map(({ registry }) => rootDirectory(folder(registry), 0o755)),
    ],
    files: cluster.registries.flatMap((mirror) => filesOf(mirror, inputs)),
  };
}

function filesOf(mirror: RegistryMirror, inputs: ClusterInputs): PlannedFile[] {
  const caPath = `${folder(mirror.registry)}/ca.crt`;
  const file = plainFile(
    `${folder(mirror.registry)}/hosts.toml`,
    hostsToml(mirror, mirror.caFile === null ? null : caPath),
  );
  if (mirror.caFile === null) return [file];
  const text = inputs.files[mirror.caFile];
  if (text === undefined) {
    throw new KeelwayError({
      code: 'INPUT_UNREADABLE',
      message: `${mirror.caFile}, the CA of the mirrors of ${mirror.registry}, was not read`,
    });
  }
  return [file, plainFile(caPath, joinPem([text]))];
}

function hostsToml({ registry, endpoints }: RegistryMirror, caPath: string | null): string {
  // `_default` stands for all other registries and has no server of its own.
  const server = registry === '_default' ? '' : `server = ${quote(`https://${serverOf(registry)}`)}\n`;
  const hosts = endpoints.map((endpoint) => {
    const lines = [`[host.${quote(endpoint)}]`, "  capabilities = ['pull', 'resolve']"];
    if (caPath !== null) lines.push(`  ca = ${quote(caPath)}`);
    // A path in the URL is the API's root there, to which containerd must not add /v2.
    if (/^[a-z]+:\/\/[^/]+\/./.test(endpoint)) lines.push('  override_path = true');
    return `${lines.join('\n')}\n`;
  });
  return [server, ...hosts].filter((text) => text !== '').join('\n');
}

function serverOf(registry: string): string {
  return registry === 'docker.io' ? DOCKER_HUB : registry;
}

function folder(registry: string): string {
  return `${REGISTRY_DIRECTORY}/${registry}`;
}

/** A TOML basic string: JSON's escapes are TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}
