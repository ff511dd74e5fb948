/**
 * The control groups of a lab on cgroup v2, on the real file system. Where the host has v1 for most controllers, with one
 * that v1 has left over: the rules are the same for each.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeControlGroups, unifiedObstacles } from '../../../lib/lab/control-groups.ts';
import { labScript } from '../../../lib/lab/lab-script.ts';

const TOP = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1] ?? '';
const words = (path: string) => readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);

let base: string;
let script: string;
let controller: string;
let wasHandedOn: boolean;
let child: ChildProcess | undefined;

beforeEach(() => {
  const [first] = words(join(TOP, 'cgroup.controllers'));
  if (first === undefined) throw new Error(`${TOP} of cgroup v2 has no controller: mount one that v1 does not use`);
  controller = first;
  wasHandedOn = words(join(TOP, 'cgroup.subtree_control')).includes(controller);
  writeFileSync(join(TOP, 'cgroup.subtree_control'), `+${controller}`);
  base = join(TOP, `hl-${process.pid}`);
  mkdirSync(base);
  script = join(mkdtempSync(join(tmpdir(), 'hl-groups-')), 'lab.sh');
  writeFileSync(script, labScript(''));
});

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  child = undefined;
  await removeControlGroups([base]);
  if (!wasHandedOn) writeFileSync(join(TOP, 'cgroup.subtree_control'), `-${controller}`);
  rmSync(join(script, '..'), { recursive: true });
});

/** The control group of a lab whose supervisor runs. */
async function supervise(controllers: string): Promise<string> {
  child = spawn('sh', [script, 'supervise', controllers, base], { stdio: ['pipe', 'ignore', 'inherit'] });
  const group = join(base, `keelway-lab-${child.pid}`);
  await expect.poll(() => existsSync(`/proc/${child?.pid}/task/${child?.pid}/children`) && isReady()).toBe(true);
  return group;
}

function isReady(): boolean {
  const first = readFileSync(`/proc/${child?.pid}/task/${child?.pid}/children`, 'utf8').split(' ')[0];
  return first !== undefined && first !== '' && existsSync(`/proc/${first}/root/run/ready`);
}

describe('the control groups of a lab on cgroup v2', () => {
  it('hand their controllers on to machines, whose programs may do the same', async () => {
    const group = await supervise(controller);
    expect(words(join(group, 'cgroup.subtree_control'))).toEqual([controller]);
    expect(words(join(group, 'cgroup.procs'))).toEqual([]);
    expect(words(join(group, 'supervisor/cgroup.procs'))).toContain(String(child?.pid));
    const machine = join(group, 'cp-1');
    await promisify(execFile)('sh', [script, 'join_groups', machine]);
    expect(words(join(machine, 'cgroup.controllers'))).toEqual([controller]);
    // As systemd does inside.
    mkdirSync(join(machine, 'payload'));
    writeFileSync(join(machine, 'cgroup.subtree_control'), `+${controller}`);
    expect(words(join(machine, 'payload/cgroup.controllers'))).toEqual([controller]);
  });

  it('stand as they are where v1 has the controllers', async () => {
    const group = await supervise('');
    expect(words(join(group, 'cgroup.procs'))).toContain(String(child?.pid));
    expect(words(join(group, 'cgroup.subtree_control'))).toEqual([]);
  });

  it('cannot be below a group with processes, as in a container: that is said before', () => {
    const program = spawn('sleep', ['60']);
    try {
      writeFileSync(join(base, 'cgroup.procs'), String(program.pid));
      const parts = unifiedObstacles(base).map(({ part }) => part);
      expect(parts).toContain(`a control group without processes at ${base}`);
      expect(parts).toContain('control group controller memory');
    } finally {
      program.kill('SIGKILL');
    }
  });
});
