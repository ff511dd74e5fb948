import type { MachineContext, MachinePart, PlannedDirectory, PlannedFile } from '../plan/machine-plan.ts';
import { sha256Hex } from '../render/sha256.ts';
import { unitFile } from '../render/systemd.ts';
import { configFile } from './control-plane-files.ts';
import { oneshotScript, plainFile, SEED_UNIT, scriptFile, shellWord, TARGET } from './product-unit.ts';
import { IDENTITY_FILE, MANIFEST_FILE, MODES_FILE, SEED_SCRIPT } from './seed-script.ts';

const SCRIPT = 'seed';

/**
 * `keelway-seed.service`: nothing of the product starts unless this machine is the one the configuration is for and
 * every delivered file is there, unchanged, with its mode and owner.
 *
 * It waits for cloud-init's last stage, which writes files that belong to other users than root.
 */
export function seed({ machine }: MachineContext): MachinePart {
  return {
    files: [scriptFile(SCRIPT, SEED_SCRIPT)],
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
