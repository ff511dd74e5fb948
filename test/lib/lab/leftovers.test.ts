/** What is done about labs that were killed: with the program's own `lab down`, in mounts of its own. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify } from '../../../lib/lab/processes.ts';

const CLI = fileURLToPath(new URL('../../../cli.ts', import.meta.url));
const DEAD = { pid: 4_194_303, startTicks: 1 };

let view: string;
beforeEach(() => {
  view = mkdtempSync(join(tmpdir(), 'hl-leftovers-'));
  for (const folder of ['run', 'disks']) mkdirSync(join(view, folder));
  writeFileSync(join(view, 'instances'), '128\n');
});
afterEach(() => rmSync(view, { recursive: true }));

/** `keelway lab down` that sees only the labs of this test, and a setting of the host that is a file. */
async function down(...argv: readonly string[]) {
  for (const folder of ['/run/keelway-lab', '/var/lib/keelway-lab'])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const script = `
    mount --bind "$0/run" /run/keelway-lab
    mount --bind "$0/disks" /var/lib/keelway-lab
    mount --bind "$0/instances" /proc/sys/fs/inotify/max_user_instances
    exec "$@"`;
  const { stderr } = await promisify(execFile)('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-euc', script, view],
    ...[process.execPath, CLI, 'lab', 'down', ...argv],
  ]);
  return stderr;
}

function lab(name: string, notes: Readonly<Record<string, object>>): void {
  mkdirSync(join(view, 'run', name));
  writeFileSync(join(view, 'run', name, 'kubeconfig'), 'a key\n');
  for (const [file, note] of Object.entries(notes)) {
    writeFileSync(join(view, 'run', name, file), JSON.stringify(note));
  }
  mkdirSync(join(view, 'disks', name, 'cp-1/upper'), { recursive: true });
}

function deadState(name: string): object {
  return { name, tier: 'machines', supervisor: DEAD, init: DEAD, groups: [], machines: [], timeline: {} };
}

const left = (folder: string) => readdirSync(join(view, folder)).filter((name) => !name.startsWith('.'));

describe('keelway lab down', () => {
  it('without a name removes what a killed lab has left, says so, and is content', async () => {
    lab('killed', { 'state.json': deadState('killed') });
    expect(await down()).toBe('removed what was left of the lab killed\n');
    expect([...left('run'), ...left('disks')]).toEqual([]);
    expect(await down()).toBe('no lab is running\n');
  });

  it('with the name of a killed lab removes it', async () => {
    lab('killed', { 'state.json': deadState('killed') });
    expect(await down('--name', 'killed')).toBe('the lab killed is gone\n');
    expect([...left('run'), ...left('disks')]).toEqual([]);
    expect(await down('--name', 'killed')).toBe('there was no lab called killed\n');
  });

  it('removes one that was killed while it was made, its keys too', async () => {
    lab('half', { 'making.json': DEAD });
    expect(await down()).toBe('removed what was left of the lab half\n');
    expect([...left('run'), ...left('disks')]).toEqual([]);
  });

  it('removes disks that a reboot has left without a lab', async () => {
    mkdirSync(join(view, 'disks/lost/etcd-1/upper'), { recursive: true });
    expect(await down()).toBe('removed what was left of the lab lost\n');
    expect(left('disks')).toEqual([]);
  });

  it('leaves alone what another process is making, and a folder of which nobody has said a word yet', async () => {
    lab('making', { 'making.json': identify(process.pid) ?? {} });
    lab('young', {});
    expect(await down()).toBe('no lab is running\n');
    expect(left('run').toSorted()).toEqual(['making', 'young']);
    expect(existsSync(join(view, 'disks/making/cp-1/upper'))).toBe(true);
  });

  it('sets back the settings of the host with the last lab, not while another is being made', async () => {
    writeFileSync(join(view, 'run/.host-settings.json'), JSON.stringify({ 'fs.inotify.max_user_instances': 128 }));
    writeFileSync(join(view, 'instances'), '8192');
    lab('making', { 'making.json': identify(process.pid) ?? {} });
    lab('killed', { 'state.json': deadState('killed') });
    await down('--name', 'killed');
    expect(readFileSync(join(view, 'instances'), 'utf8')).toBe('8192');
    writeFileSync(join(view, 'run/making/making.json'), JSON.stringify(DEAD));
    await down();
    expect(readFileSync(join(view, 'instances'), 'utf8')).toBe('128');
  });
});
