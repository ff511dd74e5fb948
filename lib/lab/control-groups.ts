import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from './processes.ts';

const PREFIX = 'keelway-lab-';

/** What the kubelet wants of cgroup v2, and the rest that it can use. */
const UNIFIED_CONTROLLERS = { needed: ['cpu', 'cpuset', 'memory', 'pids'], used: ['hugetlb', 'io'] };

/**
 * The control groups below which labs are, in every hierarchy that is mounted: with cgroup v1 one per controller, the group
 * of this process; with v2 alone the topmost one, because only a group without processes may hand controllers on, and the
 * topmost is exempt.
 *
 * @see https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
export function ownControlGroups(): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map(parseMount);
  const folders: string[] = [];
  for (const { controllers, path } of ownGroups()) {
    const mount = mounts.find((each) => {
      if (each === null) return false;
      if (controllers === '') return each.type === 'cgroup2';
      return each.type === 'cgroup' && controllers.split(',').every((name) => each.options.includes(name));
    });
    if (mount === undefined || mount === null) continue;
    // A part of the hierarchy may be mounted alone.
    const below = isUnified()
      ? ''
      : mount.root === '/'
        ? path
        : path.startsWith(`${mount.root}/`)
          ? path.slice(mount.root.length)
          : '';
    const folder = join(mount.point, below);
    if (existsSync(join(folder, 'cgroup.procs'))) folders.push(folder);
  }
  return folders;
}

/** True with cgroup v2 alone: it has all controllers, not only those that v1 leaves. */
export function isUnified(): boolean {
  return ownGroups().every(({ controllers }) => controllers === '');
}

/** What a lab must enable for its machines, where nobody else does; nothing with cgroup v1. */
export function controllersToEnable(): readonly string[] {
  const [top] = isUnified() ? ownControlGroups() : [];
  if (top === undefined) return [];
  const there = wordsOf(join(top, 'cgroup.controllers'));
  return [...UNIFIED_CONTROLLERS.needed, ...UNIFIED_CONTROLLERS.used].filter((name) => there.includes(name));
}

/**
 * Why the topmost control group of cgroup v2 cannot hand its controllers on to a lab.
 *
 * @param top - Its folder.
 */
export function unifiedObstacles(top: string): readonly { readonly part: string; readonly hint: string }[] {
  const there = wordsOf(join(top, 'cgroup.controllers'));
  const obstacles = UNIFIED_CONTROLLERS.needed
    .filter((name) => !there.includes(name))
    .map((name) => ({ part: `control group controller ${name}`, hint: `${top}/cgroup.controllers does not have it` }));
  // The topmost group of a container is not that of the host, which has no type.
  const isContainers = existsSync(join(top, 'cgroup.type'));
  if (isContainers && wordsOf(join(top, 'cgroup.procs')).length > 0) {
    const hint = 'run this on the host itself, or try --tier programs, which needs no control groups';
    obstacles.push({ part: `a control group without processes at ${top}`, hint });
  }
  return obstacles;
}

function ownGroups(): readonly { readonly controllers: string; readonly path: string }[] {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return { controllers, path };
  });
}

function wordsOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean);
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMount(line: string): Mount | null {
  const [before, after] = line.split(' - ');
  const [, , , root, point] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (root === undefined || point === undefined || type === undefined) return null;
  return { root, point, type, options: options?.split(',') ?? [] };
}

/** The control groups that a supervisor makes for its lab, below those that it was started in. */
export function labControlGroups(bases: readonly string[], supervisor: number): readonly string[] {
  return bases.map((folder) => join(folder, `${PREFIX}${supervisor}`));
}

/** Removes the empty control groups that labs of dead supervisors have left. */
export async function sweepControlGroups(): Promise<void> {
  for (const base of ownControlGroups()) {
    for (const name of readdirSync(base)) {
      if (!name.startsWith(PREFIX) || identify(Number(name.slice(PREFIX.length))) !== null) continue;
      await removeGroups(join(base, name));
    }
  }
}

/** Removes a lab's control groups; its processes have been killed and may take a moment to go. */
export async function removeControlGroups(groups: readonly string[]): Promise<void> {
  for (const group of groups) await removeGroups(group);
}

async function removeGroups(group: string): Promise<void> {
  for (let tries = 0; tries < 50 && existsSync(group); tries += 1) {
    removeEmpty(group);
    if (existsSync(group)) await sleep(100);
  }
}

function removeEmpty(group: string): void {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true })) {
      if (entry.isDirectory()) removeEmpty(join(group, entry.name));
    }
    rmdirSync(group);
  } catch {
    // In use, or gone meanwhile.
  }
}
