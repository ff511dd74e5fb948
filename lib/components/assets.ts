import { KeelwayError } from '../errors.ts';
import { type LockedProgram, lockedPrograms } from '../model/locked-programs.ts';
import type { OperatingSystem } from '../model/machine.ts';
import { ASSET_PROGRAMS, CNI_PLUGIN_DIRECTORY, requiredPackages, upstreamDirectory } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedDownload } from '../plan/machine-plan.ts';
import { ASSETS_UNIT } from './asset-units.ts';
import { ASSETS_FOLDER, ASSETS_SCRIPT, DOWNLOADS_FILE, INSTALLS_FILE } from './assets-script.ts';
import { rootDirectory } from './control-plane-files.ts';
import { mainServices, oneshotScript, plainFile, productService, scriptFile } from './product-unit.ts';

const SCRIPT = 'assets';

/**
 * What is not part of the target OS and how it gets there: packages of the distribution, and the programs of the asset
 * lock with `keelway-assets.service`, which verifies and installs them.
 *
 * @returns Nothing for Keelway's node OS, whose image has every program.
 * @throws {@link KeelwayError} `ASSET_NOT_LOCKED`; `ASSET_LOCK_INVALID` when an archive's entry does not name a program
 * that is needed out of it.
 */
export function assets(context: MachineContext): MachinePart {
  const { cluster, inputs, machine } = context;
  const packages = requiredPackages(cluster, machine);
  const downloads = lockedPrograms(cluster, machine, inputs).map((locked) => toDownload(locked, machine.os));
  const files = downloads.filter(({ kind }) => kind !== 'oci');
  if (files.length === 0) return { packages, downloads };
  return {
    packages,
    downloads,
    directories: [
      rootDirectory('/etc/keelway/assets', 0o755),
      rootDirectory(ASSETS_FOLDER, 0o755),
      rootDirectory(upstreamDirectory(machine.os), 0o755),
    ],
    files: [
      plainFile(DOWNLOADS_FILE, lines(files.map(({ sha256, path, url }) => [sha256, path, url]))),
      plainFile(
        INSTALLS_FILE,
        lines(
          files.flatMap(({ sha256, path, install }) =>
            install.map(({ member, path: target }) => [sha256, path, member === '' ? '-' : member, target]),
          ),
        ),
      ),
      scriptFile(SCRIPT, ASSETS_SCRIPT),
    ],
    units: [
      productService({
        name: ASSETS_UNIT,
        description: 'Keelway: fetch, verify and install the programs of the asset lock',
        wants: ['network-online.target'],
        before: mainServices(machine),
        service: [...oneshotScript(SCRIPT), ['TimeoutStartSec', 'infinity']],
      }),
    ],
  };
}

function toDownload({ program, asset }: LockedProgram, os: OperatingSystem): PlannedDownload {
  const { name, version, url, sha256, kind, members } = asset;
  const suffix = kind === 'tar.gz' ? '.tar.gz' : '';
  return {
    name,
    version,
    url,
    sha256,
    kind,
    path: `${ASSETS_FOLDER}/${name}-${version}-${sha256.slice(0, 12)}${suffix}`,
    install: kind === 'oci' ? [] : installs(program.asset, kind === 'binary' ? [''] : members, os),
  };
}

function installs(
  name: LockedProgram['program']['asset'],
  members: readonly string[],
  os: OperatingSystem,
): PlannedDownload['install'] {
  const folder = name === 'cni-plugins' ? CNI_PLUGIN_DIRECTORY : upstreamDirectory(os);
  const install = members.map((member) => ({ member, path: `${folder}/${baseName(member) || name}` }));
  const wanted = name === 'cni-plugins' ? ['loopback'] : (ASSET_PROGRAMS[name] ?? [name]);
  const missing = wanted.filter((program) => !install.some(({ path }) => path === `${folder}/${program}`));
  if (missing.length === 0) return install;
  throw new KeelwayError({
    code: 'ASSET_LOCK_INVALID',
    message: `the asset lock's entry ${name} does not bring ${missing.join(', ')}`,
    hint: 'list the paths inside the archive under members',
  });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join('\t')}\n`).join('');
}
