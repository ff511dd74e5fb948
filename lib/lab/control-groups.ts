import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from './processes.ts';

const PREFIX = 'keelway-lab-';

/**
 * The folder of this process's control group in every hierarchy that is mounted: one per controller with cgroup v1, one
 * altogether with v2.
 *
 * @see https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
export function ownControlGroups(): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map(parseMount);
  const folders: string[] = [];
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter(Boolean)) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mount = mounts.find((each) => {
      if (each === null) return false;
      if (controllers === '') return each.type === 'cgroup2';
      return each.type === 'cgroup' && controllers.split(',').every((name) => each.options.includes(name));
    });
    if (mount === undefined || mount === null) continue;
    // A part of the hierarchy may be mounted alone.
    const below = mount.root === '/' ? path : path.startsWith(`${mount.root}/`) ? path.slice(mount.root.length) : '';
    const folder = join(mount.point, below);
    if (existsSync(join(folder, 'cgroup.procs'))) folders.push(folder);
  }
  return folders;
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
