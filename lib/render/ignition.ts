import type { MachinePlan, PlannedDownload, PlannedFile, PlannedUnit, PlannedUser } from '../plan/machine-plan.ts';
import { hostnameFile, sudoersFile } from './account-files.ts';
import { dataUrl } from './data-url.ts';
import type { IgnitionAccount, IgnitionConfig, IgnitionFile, IgnitionUnit, IgnitionUser } from './ignition-config.ts';
import { networkFiles } from './network-files.ts';
import { hasOwnMode, ownModeUnitFiles } from './unit-files.ts';

/**
 * Renders a machine's Ignition configuration: compact JSON of spec 3.4.0, which every supported Flatcar and Fedora
 * CoreOS reads. No field that Keelway uses needs a later one.
 *
 * Secret files are in it in the clear: the result is a secret.
 *
 * @param config - The configuration as data, when the caller has it already.
 * @returns One line of JSON, ended by a newline.
 * @see https://coreos.github.io/ignition/configuration-v3_4/
 */
export function renderIgnition(plan: MachinePlan, config: IgnitionConfig = ignitionConfig(plan)): string {
  return `${JSON.stringify(config)}\n`;
}

/** The same configuration as data, for the checks of the output. */
export function ignitionConfig(plan: MachinePlan): IgnitionConfig {
  const files = [
    hostnameFile(plan),
    ...networkFiles(plan),
    ...sudoersFile(plan),
    ...plan.files,
    ...ownModeUnitFiles(plan.units),
  ];
  return {
    ignition: { version: '3.4.0' },
    ...(plan.users.length === 0 ? {} : { passwd: { users: plan.users.map(toUser) } }),
    storage: {
      directories: plan.directories.map((directory) => ({
        path: directory.path,
        mode: directory.mode,
        // In so many words: a folder that is there keeps its owner otherwise.
        user: account(directory.owner),
        group: account(directory.group),
      })),
      files: [...files.map(toFile), ...plan.downloads.filter(isFetched).map(toFetchedFile)],
      links: plan.links.map(({ path, target }) => ({ path, overwrite: true, target })),
    },
    systemd: { units: plan.units.map(toUnit) },
  };
}

function toFile(file: PlannedFile): IgnitionFile {
  return {
    path: file.path,
    overwrite: true,
    mode: file.mode,
    ...ownership(file),
    contents: { source: dataUrl(file.contents), compression: '' },
  };
}

/** An image is pulled by digest on the running machine; everything else Ignition fetches and verifies itself. */
function isFetched(download: PlannedDownload): boolean {
  return download.kind !== 'oci';
}

function toFetchedFile(download: PlannedDownload): IgnitionFile {
  return {
    path: download.path,
    overwrite: true,
    mode: 0o644,
    contents: {
      source: download.url,
      compression: '',
      verification: { hash: `sha256-${download.sha256}` },
    },
  };
}

/** Root owns a new file by default. */
function ownership({ owner, group }: PlannedFile): { user?: IgnitionAccount; group?: IgnitionAccount } {
  return {
    ...(owner === 'root' ? {} : { user: account(owner) }),
    ...(group === 'root' ? {} : { group: account(group) }),
  };
}

function account(name: string): IgnitionAccount {
  return name === 'root' ? { id: 0 } : { name };
}

function toUser(user: PlannedUser): IgnitionUser {
  return {
    name: user.name,
    ...(user.system ? { system: true, noCreateHome: true } : {}),
    ...(user.homeDirectory === null ? {} : { homeDir: user.homeDirectory }),
    shell: user.shell,
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.sshAuthorizedKeys.length === 0 ? {} : { sshAuthorizedKeys: user.sshAuthorizedKeys }),
  };
}

function toUnit(unit: PlannedUnit): IgnitionUnit {
  return {
    name: unit.name,
    ...enablement(unit),
    ...(unit.masked ? { mask: true } : {}),
    ...(unit.contents === null || hasOwnMode(unit) ? {} : { contents: unit.contents }),
    ...(unit.dropIns.length === 0 ? {} : { dropins: unit.dropIns }),
  };
}

/**
 * A unit of ours that could be enabled and shall not be is disabled in so many words: what becomes of it otherwise is up
 * to the target's presets. A unit of the OS keeps what the OS says.
 */
function enablement(unit: PlannedUnit): { enabled?: boolean } {
  if (unit.enabled) return { enabled: true };
  return unit.contents?.includes('[Install]') ? { enabled: false } : {};
}
