import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import { isUnified, ownControlGroups, unifiedObstacles } from './control-groups.ts';
import { unraisableSettings } from './host-settings.ts';
import type { LabTier } from './lab-plan.ts';
import { LAB_ENVIRONMENT } from './namespaces.ts';
import type { MissingPart } from './programs-folder.ts';

/** Of this host, by the Debian package that brings them. */
const HOST_PROGRAMS: Readonly<Record<string, string>> = {
  flock: 'util-linux',
  ip: 'iproute2',
  mount: 'mount',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  unshare: 'util-linux',
};

/** Machines share one kernel: what it cannot do, none of them can. */
const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'devices', 'freezer'];

const OVERLAY_MAGIC = 0x794c7630;

/** What this host lacks for a lab. */
export function missingOnHost(disksRoot: string, tier: LabTier = 'machines'): readonly MissingPart[] {
  const missing: MissingPart[] = [];
  if (process.getuid?.() !== 0) missing.push({ part: 'root', hint: 'namespaces and mounts need it: run this as root' });
  for (const [program, debianPackage] of Object.entries(HOST_PROGRAMS)) {
    if (!isOnPath(program)) missing.push({ part: program, hint: `Debian's package ${debianPackage}` });
  }
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\toverlay')) {
    missing.push({ part: 'overlay', hint: 'a kernel with overlay file systems (modprobe overlay)' });
  }
  for (const part of unraisableSettings()) {
    missing.push({ part, hint: 'it is too low for a lab and cannot be written: run this where /proc/sys is writable' });
  }
  // Programs alone need no groups of their own.
  if (tier === 'machines') missing.push(...missingControlGroups());
  if (isOverlay(disksRoot)) {
    missing.push({ part: disksRoot, hint: 'an overlay cannot be written to on another one: mount a disk there' });
  }
  return missing;
}

/**
 * Refuses to start with everything that is missing, in one list.
 *
 * @throws {@link KeelwayError} `LAB_INCOMPLETE` with one issue for each part.
 */
export function requireParts(host: readonly MissingPart[], programs: readonly MissingPart[], folder: string): void {
  const all = [...host, ...programs.map(({ part, hint }) => ({ part: join(folder, part), hint }))];
  if (all.length === 0) return;
  throw new KeelwayError({
    code: 'LAB_INCOMPLETE',
    message: `a lab cannot run here: ${all.length === 1 ? 'a part is' : `${all.length} parts are`} missing`,
    hint: 'the layout of the programs folder is in docs/testing.md',
    issues: all.map(({ part, hint }) => {
      return { severity: 'error', code: 'LAB_INCOMPLETE', path: [], message: `missing: ${part}`, hint };
    }),
  });
}

function isOnPath(program: string): boolean {
  return (LAB_ENVIRONMENT.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function missingControlGroups(): readonly MissingPart[] {
  const [top] = ownControlGroups();
  if (top === undefined) return [{ part: 'control groups', hint: 'mount cgroup2 at /sys/fs/cgroup' }];
  if (isUnified()) return unifiedObstacles(top);
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter(Boolean);
  const legacy = lines.flatMap((line) => line.split(':')[1]?.split(',') ?? []);
  return CONTROLLERS.filter((name) => !legacy.includes(name)).map((name) => {
    return { part: `control group controller ${name}`, hint: 'mount all cgroup v1 controllers, or cgroup2 alone' };
  });
}

/** Of the nearest folder that exists. */
function isOverlay(path: string): boolean {
  try {
    return statfsSync(path).type === OVERLAY_MAGIC;
  } catch {
    return path === '/' ? false : isOverlay(dirname(path));
  }
}
