import type { MachinePlan, PlannedDirectory, PlannedFile, PlannedUnit } from '../plan/machine-plan.ts';
import { shellArgument } from './shell-word.ts';
import { unitPath } from './unit-files.ts';

/**
 * Makes the folders before cloud-init writes files into them: a secret is never in a folder that others may enter, and
 * cloud-init, which gives a missing parent to the owner of the file, finds every parent there.
 *
 * Owners other than root do not exist yet; {@link finishScript} hands those folders over.
 */
export function directoriesScript(plan: MachinePlan, files: readonly PlannedFile[]): string {
  const planned = new Set(plan.directories.map((directory) => directory.path));
  const homes = plan.users.flatMap((user) => (user.system || user.homeDirectory === null ? [] : [user.homeDirectory]));
  const parents = new Set(
    [...plan.directories, ...plan.links, ...files.filter((file) => file.owner !== 'root' || file.group !== 'root')]
      .map(({ path }) => path.slice(0, path.lastIndexOf('/')))
      // A home folder is useradd's to make.
      .filter((path) => path !== '' && !planned.has(path) && !homes.some((home) => isWithin(path, home))),
  );
  return [
    'set -eu',
    'umask 022',
    ...[...parents].sort().map((path) => `mkdir -p ${shellArgument(path)}`),
    ...byPath(plan.directories).map(({ path, mode }) => `install -d -m ${octal(mode)} ${shellArgument(path)}`),
    '',
  ].join('\n');
}

/**
 * What is left when every file, user and package is there: owners of folders, links, masks and enabled units, and then
 * the start of what is enabled, without waiting: the units wait for each other, and some for cloud-init's own end.
 */
export function finishScript(plan: MachinePlan): string {
  const owned = byPath(plan.directories).filter(({ owner, group }) => owner !== 'root' || group !== 'root');
  const masked = plan.units.filter((unit) => unit.masked).map((unit) => unit.name);
  const enabled = plan.units.filter((unit) => unit.enabled && !unit.masked);
  return [
    'set -eu',
    'umask 022',
    ...owned.map(({ path, mode, owner, group }) => {
      return `install -d -m ${octal(mode)} -o ${shellArgument(owner)} -g ${shellArgument(group)} ${shellArgument(path)}`;
    }),
    ...plan.links.map(({ path, target }) => `ln -sfT ${shellArgument(target)} ${shellArgument(path)}`),
    ...masked.map((name) => `ln -sfT /dev/null ${shellArgument(unitPath(name))}`),
    'systemctl daemon-reload',
    ...command('systemctl enable --quiet', names(enabled)),
    ...command('systemctl disable --quiet', names(plan.units.filter(isLeftDisabled))),
    // The OS may have started these before their configuration was there, or may not have them at all.
    ...command('systemctl stop --no-block', masked, ' || true'),
    ...command('systemctl try-restart --no-block', names(plan.units.filter(isReconfigured)), ' || true'),
    ...command('systemctl restart --no-block', names(enabled.filter((unit) => unit.contents === null))),
    // The OS may run a service of its own under the name of one of ours: since the boot, and as it was then.
    ...command('systemctl try-restart --no-block', names(enabled.filter(isOurs)), ' || true'),
    ...command('systemctl start --no-block', names(enabled.filter(isStarted))),
    '',
  ].join('\n');
}

/** A unit of the OS that only gets drop-ins; cloud-init's own must not be restarted from inside cloud-init. */
function isReconfigured(unit: PlannedUnit): boolean {
  return unit.contents === null && !unit.enabled && !unit.masked && !unit.name.startsWith('cloud-');
}

/** A unit of ours that takes the place of one the OS or a package may have enabled. */
function isLeftDisabled(unit: PlannedUnit): boolean {
  return !unit.enabled && !unit.masked && unit.contents?.includes('[Install]') === true;
}

/** Units below our own target are started by it, in its order and behind its gates. */
function isStarted(unit: PlannedUnit): boolean {
  return unit.contents !== null && !isOurs(unit);
}

function isOurs(unit: PlannedUnit): boolean {
  return unit.contents !== null && /^WantedBy=keelway\.target$/m.test(unit.contents);
}

function names(units: readonly PlannedUnit[]): string[] {
  return units.map((unit) => unit.name);
}

function command(start: string, operands: readonly string[], end = ''): string[] {
  return operands.length === 0 ? [] : [`${start} ${operands.map(shellArgument).join(' ')}${end}`];
}

/** Parents before what is in them. */
function byPath(directories: readonly PlannedDirectory[]): PlannedDirectory[] {
  return directories.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
