import type { Cluster } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { programPath, requiredPrograms } from '../model/programs.ts';
import { kubeletRefusesCgroupV1 } from '../model/quirks.ts';
import type { MachineContext, MachinePart, PlannedDirectory, PlannedFile } from '../plan/machine-plan.ts';
import { sha256Hex } from '../render/sha256.ts';
import { shellWord } from '../render/shell-word.ts';
import { unitFile } from '../render/systemd.ts';
import { configFile } from './control-plane-files.ts';
import { KUBELET_DROP_INS } from './kubelet-paths.ts';
import { type ExpectedProgram, preflightScript } from './preflight-script.ts';
import { oneshotScript, plainFile, SEED_UNIT, scriptCommand, scriptFile, TARGET } from './product-unit.ts';
import { ALLOW_CHANGED_FILES, IDENTITY_FILE, MANIFEST_FILE, MODES_FILE, SEED_SCRIPT } from './seed-script.ts';

const SCRIPT = 'seed';
const PREFLIGHT = 'preflight';

/**
 * `keelway-seed.service`: nothing of the product starts unless this machine is the one the configuration is for,
 * every delivered file is there, unchanged, with its mode and owner, and the OS is one that can run it.
 *
 * It waits for cloud-init's last stage, which writes files that belong to other users than root.
 */
export function seed({ cluster, machine }: MachineContext): MachinePart {
  const preflight = preflightScript({
    programs: expectedPrograms(cluster, machine),
    needsCgroupV2: machine.runsKubelet && kubeletRefusesCgroupV1(cluster.versions.kubernetes),
    kubeletDropIns: KUBELET_DROP_INS,
    override: ALLOW_CHANGED_FILES,
  });
  return {
    files: [scriptFile(SCRIPT, SEED_SCRIPT), scriptFile(PREFLIGHT, preflight)],
    units: [
      {
        name: SEED_UNIT,
        enabled: true,
        masked: false,
        dropIns: [],
        contents: unitFile({
          Unit: [
            ['Description', `Keelway: check that this is ${machine.name} and that its files are as delivered`],
            ['After', 'local-fs.target cloud-init.service cloud-init-network.service cloud-config.service'],
            ['After', 'cloud-final.service multi-user.target'],
            ['PartOf', TARGET],
          ],
          Service: [
            ...oneshotScript(SCRIPT),
            ['ExecStart', scriptCommand(PREFLIGHT)],
            ['TimeoutStartSec', '5min'],
            ['StandardOutput', 'journal+console'],
            ['StandardError', 'journal+console'],
          ],
          Install: [['WantedBy', TARGET]],
        }),
      },
    ],
  };
}

/** What the image, the OS or a package brings; what the lock names is verified by its hash, and not there yet. */
function expectedPrograms(cluster: Cluster, machine: Machine): readonly ExpectedProgram[] {
  return requiredPrograms(cluster, machine)
    .filter(({ delivery }) => delivery === 'image' || delivery === 'os')
    .flatMap(({ asset, version }) => {
      if (asset !== 'etcd' && asset !== 'kubelet' && asset !== 'kube-proxy' && asset !== 'containerd') return [];
      // Flags and configuration files are made for one minor version of them.
      const bound = asset !== 'containerd';
      return [{ name: asset, path: programPath(machine.os, asset), version, bound }];
    });
}

/** What the seed check compares a machine with. */
export interface DeliveredTree {
  /** Every file that Keelway delivers, units included, wherever its content must stay as it is. */
  readonly files: readonly PlannedFile[];
  readonly directories: readonly PlannedDirectory[];
}

/**
 * The lists that the seed check reads: contents by hash, modes and owners, and the machine's identity with the hash of
 * the first list.
 *
 * Folders count below /etc only: what programs keep elsewhere is theirs to change.
 *
 * @param hash - SHA-256 of a text in hex; the default is pure TypeScript.
 * @returns The three files; add them to the machine as the last ones.
 */
export function manifestFiles(
  { machine }: MachineContext,
  tree: DeliveredTree,
  hash: (text: string) => string = sha256Hex,
): readonly PlannedFile[] {
  const directories = tree.directories.filter(({ path }) => path.startsWith('/etc/'));
  const lines = [...tree.files, ...directories].map(
    ({ path, mode, owner, group }) => `${mode.toString(8)} ${owner}:${group} ${path}\n`,
  );
  const modes = plainFile(MODES_FILE, lines.toSorted(byBytes).join(''));
  const listed = [...tree.files, modes].toSorted((left, right) => byBytes(left.path, right.path));
  const hashes = listed.map(({ path, contents }) => `${hash(contents)}  ${path}\n`);
  // Root's alone: with the hash of a file that holds a short password, the password can be guessed.
  const manifest = configFile(MANIFEST_FILE, hashes.join(''));
  const identity = {
    name: machine.name,
    macs: machine.macs.join(' '),
    uuid: machine.uuid ?? '',
    serial: machine.serial ?? '',
    // The last line: a file that was cut off lacks it, and the check ends there.
    manifest: hash(manifest.contents),
  };
  return [
    modes,
    manifest,
    plainFile(
      IDENTITY_FILE,
      Object.entries(identity)
        .map(([key, value]) => `${key}=${shellWord(value)}\n`)
        .join(''),
    ),
  ];
}

/** The order of `sort` and `comm` in the C locale; paths are ASCII. */
function byBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
