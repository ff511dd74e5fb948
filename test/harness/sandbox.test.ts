import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../lib/lab/processes.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

const MODULE = fileURLToPath(new URL('sandbox.ts', import.meta.url));

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({
    subnet: '10.0.0.0/24',
    networks: { outside: '192.0.2.0/24' },
    machines: [
      { name: 'one', address: '10.0.0.11', gateway: '10.0.0.1' },
      { name: 'two', address: '10.0.0.12', mac: '52:54:00:00:00:0c', binds: { '/opt/shown': MODULE } },
      { name: 'router', address: '10.0.0.1', links: [{ network: 'outside', address: '192.0.2.1' }] },
    ],
  });
});
afterAll(async () => await sandbox?.stop());

const parentOf = (pid: number) => Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const shell = async (machine: string, line: string) => (await sandbox.run(machine, ['sh', '-c', line])).stdout;

describe('a sandbox', () => {
  it('gives each machine its name, address and network card', async () => {
    expect(await shell('one', 'hostname; ip -brief -4 address show eth0')).toMatch(
      /^one\neth0@\S+ +UP +10\.0\.0\.11\/24/,
    );
    expect(await shell('two', 'hostname; cat /sys/class/net/eth0/address')).toBe('two\n52:54:00:00:00:0c\n');
    expect(await shell('router', 'ip -brief -4 address show eth1')).toContain('192.0.2.1/24');
  });

  it('connects them, and through a machine that forwards', async () => {
    const ping = async (to: string) => (await sandbox.run('one', ['ping', '-c', '1', '-W', '1', to])).exitCode;
    expect(await ping('10.0.0.12')).toBe(0);
    expect(await ping('192.0.2.1')).toBe(0);
    expect(await ping('198.51.100.1')).not.toBe(0);
  });

  it('has no way out', async () => {
    expect(await shell('one', 'ls /sys/class/net')).toBe('eth0\nlo\n');
    // The switches stand alone: nothing in their namespace but they and the machines' cables.
    const first = parentOf(parentOf(sandbox.holder('one')));
    const links = readFileSync(`/proc/${first}/net/dev`, 'utf8').matchAll(/^ *(\w+):/gm);
    expect(Array.from(links, ([, name]) => name).sort()).toEqual(['lo', 'n0', 'n1', 'v0', 'v1', 'v2', 'v3']);
    expect((await sandbox.run('two', ['ip', 'route', 'get', '198.51.100.1'])).stderr).toContain('unreachable');
  });

  it('has a root of its own for each machine, and shows host files where asked', async () => {
    await shell('one', 'echo mine >/etc/made-here');
    expect(await shell('two', 'ls /etc/made-here 2>&1; head -c 3 /opt/shown')).toMatch(/No such file.*\n\/\*\*$/);
    expect(readFileSync(sandbox.hostPath('one', '/etc/made-here'), 'utf8')).toBe('mine\n');
    expect(existsSync('/etc/made-here')).toBe(false);
  });

  it('lets a machine set its network, and not the kernel we share', async () => {
    expect((await sandbox.run('one', ['sysctl', '-w', 'net.ipv4.ip_forward=1'])).exitCode).toBe(0);
    expect((await sandbox.run('one', ['sysctl', '-w', 'vm.swappiness=1'])).exitCode).not.toBe(0);
    expect(await shell('two', 'cat /proc/sys/net/ipv4/ip_forward')).toBe('0\n');
  });

  it('runs as another user, without any capability', async () => {
    const { stdout } = await sandbox.run('one', ['sh', '-c', 'id -un; grep -E "^Cap(Eff|Bnd)" /proc/self/status'], {
      user: 'bird',
    });
    expect(stdout).toBe('bird\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n');
  });

  it('passes input, environment, output and exit code', async () => {
    const { exitCode, stdout, stderr } = await sandbox.run(
      'one',
      ['sh', '-c', 'cat; echo $ANSWER; echo bad >&2; exit 3'],
      { input: 'in\n', env: { ANSWER: '42' } },
    );
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 3, stdout: 'in\n42\n', stderr: 'bad\n' });
  });

  it('starts, watches and stops programs', async () => {
    const program = await sandbox.start('one', [
      'sh',
      '-c',
      'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.1; done',
    ]);
    await program.waitFor(/ready/);
    expect(program.running()).toBe(true);
    expect((await program.stop()).exitCode).toBe(5);
    expect(program.output()).toBe('ready\nbye\n');
    await expect(program.waitFor(/never/)).rejects.toThrow('ended with 5');
    const stubborn = await sandbox.start('one', ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done']);
    await stubborn.waitFor(/ready/);
    expect((await stubborn.stop('SIGTERM', 300)).exitCode).toBe(137);
  });

  it('cuts a cable that nobody notices, and mends it', async () => {
    const ping = async () => (await sandbox.run('one', ['ping', '-c', '1', '-W', '1', '10.0.0.12'])).exitCode;
    await sandbox.cable('two', 'cut');
    expect(await ping()).not.toBe(0);
    expect(await shell('two', 'cat /sys/class/net/eth0/carrier')).toBe('1\n');
    await sandbox.cable('two', 'mend');
    await expect.poll(ping).toBe(0);
  });

  it('says which request failed', async () => {
    const bad = createSandbox({
      subnet: '10.0.0.0/24',
      machines: [{ name: 'x', address: '10.0.0.300', mac: '52:54:00:00:00:01' }],
    });
    await expect(bad).rejects.toThrow(/address x .*10\.0\.0\.300/);
  });

  it('keeps the processes of its machines apart', async () => {
    const started = await Promise.all(['one', 'two'].map((name) => sandbox.start(name, ['sleep', '301'])));
    expect((await sandbox.run('one', ['pkill', '-f', 'sleep 301'])).exitCode).toBe(0);
    expect((await started[0]?.result(2000))?.exitCode).toBe(143);
    expect(started[1]?.running()).toBe(true);
    expect(await shell('two', 'pgrep -fc "^sleep 301"')).toBe('1\n');
    await started[1]?.stop();
  });

  it('cuts the power of a machine: every process, its network and /run are gone, its files are not', async () => {
    await shell('two', 'echo kept >/etc/kept; echo gone >/run/gone; ip address add 10.0.0.99/32 dev lo');
    await shell('two', 'setsid sh -c "while :; do sleep 0.1; done" >/dev/null 2>&1 & echo $! >/etc/loop');
    const program = await sandbox.start('two', ['sleep', '302']);
    const namespace = readlinkSync(`/proc/${sandbox.holder('two')}/ns/pid`);
    expect(processesIn(namespace).length).toBeGreaterThan(2);
    await sandbox.powerOff('two');
    expect((await program.result(2000)).exitCode).toBe(137);
    expect(processesIn(namespace)).toEqual([]);
    await expect(sandbox.run('two', ['true'])).rejects.toThrow('two is off');
    // Not even its kernel answers any more.
    expect((await sandbox.run('one', ['ping', '-c', '1', '-W', '1', '10.0.0.12'])).exitCode).toBe(1);
    await sandbox.powerOn('two');
    expect(await shell('two', 'cat /etc/kept; ls /run/gone 2>&1; ip -4 -brief address show lo')).toBe(
      "kept\nls: cannot access '/run/gone': No such file or directory\nlo               UNKNOWN        127.0.0.1/8 \n",
    );
    expect((await sandbox.run('one', ['ping', '-c', '1', '-W', '2', '10.0.0.12'])).exitCode).toBe(0);
    expect(await shell('two', 'head -c 3 /opt/shown')).toBe('/**');
  });
});

describe('a program of a sandbox', () => {
  it('that is frozen and killed has ended', async () => {
    const program = await sandbox.start('one', ['sleep', '303']);
    program.signal('SIGSTOP');
    await expect.poll(() => stateOf(program.pid)).toBe('T');
    program.signal('SIGKILL');
    const early = sleep(3000).then(() => 'not within 3 s');
    expect(await Promise.race([program.result(), early])).toMatchObject({ exitCode: 137, timedOut: false });
  });

  it('that is frozen, goes on and ends by itself has ended, whoever froze it', async () => {
    await shell('one', 'mkfifo /run/go');
    const program = await sandbox.start('one', ['sh', '-c', 'echo $$; read -r _ </run/go; exit 7']);
    const inner = (await program.waitFor(/^(\d+)$/m))[1];
    await shell('one', `kill -STOP ${inner}`);
    await expect.poll(() => stateOf(parentOf(program.pid))).toBe('T');
    await shell('one', `kill -CONT ${inner}`);
    await shell('one', 'echo >/run/go');
    const early = sleep(3000).then(() => 'not within 3 s');
    expect(await Promise.race([program.result(), early])).toMatchObject({ exitCode: 7 });
  });

  it('goes with what it was started by, as another account too', async () => {
    const program = await sandbox.start('one', ['sleep', '304'], { user: 'bird' });
    process.kill(parentOf(program.pid), 'SIGKILL');
    await expect.poll(() => identify(program.pid)).toBeNull();
  });

  it('that does not end in time is killed with what it started, and says so', async () => {
    const { exitCode, timedOut } = await sandbox.run('one', ['sh', '-c', 'sleep 305; :'], {
      user: 'bird',
      timeoutMs: 300,
    });
    expect({ exitCode, timedOut }).toEqual({ exitCode: 137, timedOut: true });
    await expect.poll(() => shell('one', 'pgrep -fc "^sleep 305" || :')).toBe('0\n');
  });

  it('leaves nothing of its session behind when it has ended', async () => {
    const program = await sandbox.start('one', ['sh', '-c', 'sleep 306 & echo up; exec sleep 0.2']);
    expect((await program.result()).exitCode).toBe(0);
    await expect.poll(() => shell('one', 'pgrep -fc "^sleep 306" || :')).toBe('0\n');
  });
});

/** One letter, of /proc. */
function stateOf(pid: number): string | undefined {
  return /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

/** Host PIDs whose PID namespace is the given one. */
function processesIn(namespace: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false;
    }
  });
}

describe('what remains', () => {
  const program = (end: string) => `
    import { readlinkSync } from 'node:fs';
    import { createSandbox } from ${JSON.stringify(MODULE)};
    const sandbox = await createSandbox({ subnet: '10.0.0.0/24', machines: [{ name: 'one', address: '10.0.0.11' }] });
    const program = await sandbox.start('one', ['sh', '-c', 'setsid sleep 300 & exec sleep 300']);
    console.log(readlinkSync('/proc/' + sandbox.holder('one') + '/ns/pid'));
    ${end}`;

  it.each([
    ['stopping it', 'await sandbox.stop();', undefined],
    ['SIGKILL of its owner', 'setInterval(() => {}, 1000);', 'SIGKILL'],
    ['an owner that ends without a word', 'process.exit(0);', undefined],
  ] as const)('nothing, after %s', async (_, end, signal) => {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    const owner = execa(process.execPath, ['--input-type=module', '--eval', program(end)], { reject: false });
    const namespace = await new Promise<string>((resolve) =>
      owner.stdout.once('data', (data) => resolve(String(data).trim())),
    );
    expect(namespace).toMatch(/^pid:\[\d+\]$/);
    if (signal !== undefined) owner.kill(signal);
    await owner;
    await expect.poll(() => processesIn(namespace), { timeout: 5000 }).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts);
    expect(existsSync('/run/netns/one')).toBe(false);
  });
});
