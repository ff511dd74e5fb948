import type { MachinePlan, PlannedFile, PlannedUser } from '../plan/machine-plan.ts';
import { sudoersFile } from './account-files.ts';
import { networkConfig } from './cloud-init-network.ts';
import { directoriesScript, finishScript } from './cloud-init-scripts.ts';
import { sha256Hex } from './sha256.ts';
import { unitFiles } from './unit-files.ts';
import { toYaml, type YamlValue } from './yaml.ts';

/** The three files of a NoCloud seed. `userData` holds secret files in the clear: it is a secret. */
export interface CloudInitSeed {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

/**
 * Renders a machine's cloud-init seed for the NoCloud data source.
 *
 * What cloud-init has no module for is done by two scripts in the user-data: folders before any file is written
 * (`bootcmd`), links, masks and enabled units after the last one (`runcmd`). The instance id follows the contents, so a
 * changed configuration is applied again and an unchanged one is not.
 *
 * @returns YAML that 1.1 readers (PyYAML, cloud-init's own) and 1.2 readers take for the same data.
 * @see https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
 */
export function renderCloudInit(plan: MachinePlan, options: CloudInitOptions = {}): CloudInitSeed {
  const { hash = sha256Hex, config = cloudConfig(plan), toYaml: write = toYaml } = options;
  const userData = `#cloud-config\n${write(config)}`;
  const network = toYaml(networkConfig(plan.network));
  const instance = hash(hash(userData) + hash(network)).slice(0, 16);
  const metaData = toYaml({ 'instance-id': `${plan.hostname}-${instance}`, 'local-hostname': plan.hostname });
  return { userData, metaData, networkConfig: network };
}

export interface CloudInitOptions {
  /** SHA-256 of a text in hex. The default is pure TypeScript; a caller with node:crypto passes its faster one. */
  readonly hash?: (text: string) => string;
  /** The user-data, when the caller has it already. */
  readonly config?: CloudConfig;
  /** A writer that remembers what many machines have in common: createYamlWriter of yaml.ts. */
  readonly toYaml?: (value: YamlValue) => string;
}

/** The user-data as data, for the checks of the output. */
export function cloudConfig(plan: MachinePlan): CloudConfig {
  const files = [...sudoersFile(plan), ...plan.files, ...unitFiles(plan.units)];
  return {
    hostname: plan.hostname,
    preserve_hostname: false,
    manage_etc_hosts: false,
    users: plan.users.map(toUser),
    disable_root: true,
    ssh_pwauth: false,
    // One host key: the other types cost seconds of every first boot.
    ssh_genkeytypes: ['ed25519'],
    // Nothing to grow and no locale to generate on a machine that runs from memory.
    ...(plan.machine.os === 'debian' ? { growpart: { mode: 'off' }, resize_rootfs: false, locale: false } : {}),
    ...(plan.packages.length === 0 ? {} : { package_update: true, packages: plan.packages }),
    bootcmd: [['cloud-init-per', 'instance', 'keelway-directories', 'sh', '-c', directoriesScript(plan, files)]],
    write_files: files.map(toFile),
    runcmd: [finishScript(plan)],
  };
}

/** The cloud-config keys that Keelway writes. */
export interface CloudConfig {
  readonly hostname: string;
  readonly preserve_hostname: boolean;
  readonly manage_etc_hosts: boolean;
  readonly users: readonly CloudConfigUser[];
  readonly disable_root: boolean;
  readonly ssh_pwauth: boolean;
  readonly ssh_genkeytypes: readonly string[];
  readonly growpart?: { readonly mode: string };
  readonly resize_rootfs?: boolean;
  readonly locale?: boolean;
  readonly package_update?: boolean;
  readonly packages?: readonly string[];
  readonly bootcmd: readonly (readonly string[])[];
  readonly write_files: readonly CloudConfigFile[];
  readonly runcmd: readonly string[];
  readonly [key: string]: YamlValue | undefined;
}

interface CloudConfigUser {
  readonly name: string;
  readonly lock_passwd: boolean;
  readonly system?: boolean;
  readonly no_create_home?: boolean;
  readonly homedir?: string;
  readonly shell: string;
  readonly groups?: readonly string[];
  readonly ssh_authorized_keys?: readonly string[];
  readonly [key: string]: YamlValue | undefined;
}

interface CloudConfigFile {
  readonly path: string;
  readonly owner?: string;
  /** Octal digits: as a number YAML readers do not agree about them. */
  readonly permissions: string;
  readonly defer?: boolean;
  readonly content: string;
  readonly [key: string]: YamlValue | undefined;
}

function toUser(user: PlannedUser): CloudConfigUser {
  return {
    name: user.name,
    lock_passwd: true,
    ...(user.system ? { system: true, no_create_home: true } : {}),
    ...(user.homeDirectory === null ? {} : { homedir: user.homeDirectory }),
    shell: user.shell,
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.sshAuthorizedKeys.length === 0 ? {} : { ssh_authorized_keys: user.sshAuthorizedKeys }),
  };
}

/**
 * Files are written before users and packages exist; one that belongs to somebody else than root waits for the last
 * stage, after both.
 */
function toFile(file: PlannedFile): CloudConfigFile {
  const rootOwned = file.owner === 'root' && file.group === 'root';
  return {
    path: file.path,
    ...(rootOwned ? {} : { owner: `${file.owner}:${file.group}`, defer: true }),
    permissions: file.mode.toString(8).padStart(4, '0'),
    content: file.contents,
  };
}
