/**
 * The mesh of the reference topology with real BIRD, from the rendered units, configurations and kernel settings. What
 * kube-vip does to the address is done by hand here; API servers are two programs, one that says its name, one for
 * /readyz.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachinePlan } from '../../lib/plan/machine-plan.ts';
import { installPlan, unitText } from '../harness/install-plan.ts';
import { planForReal } from '../harness/plan-for-real.ts';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';
import type { SandboxProcess } from '../harness/sandbox-process.ts';
import { unitCommands } from '../harness/unit-commands.ts';
import { clusterOf, exampleText } from '../support/clusters.ts';

const VIP = '10.0.0.100';
const CONTROL_PLANE = ['cp-1', 'cp-2', 'cp-3'] as const;
const SPEAKERS = [...CONTROL_PLANE, 'worker-1'] as const;
const PASSWORD = 'mesh-p4ssw0rd';

let sandbox: Sandbox;
const plans = new Map<string, MachinePlan>();
const birds = new Map<string, SandboxProcess>();
const watches = new Map<string, SandboxProcess>();
const ready = new Map<string, SandboxProcess>();

const shell = async (machine: string, line: string) => (await sandbox.run(machine, ['sh', '-c', line])).stdout.trim();
const holdAddress = async (machine: string) =>
  await shell(machine, `ip address add ${VIP}/32 dev lo scope host preferred_lft 0`);
const dropAddress = async (machine: string) => await shell(machine, `ip address del ${VIP}/32 dev lo`);

/** Node addresses that a machine would send packets for the VIP to. */
async function nextHops(machine: string): Promise<string[]> {
  const route = await shell(machine, `ip route show ${VIP}`);
  return Array.from(route.matchAll(/via (\S+)/g), ([, address]) => address ?? '').sort();
}

/** Which API servers answer a client's connections. */
async function answers(machine: string, tries = 12): Promise<Record<string, number>> {
  const connect = `socat -T2 - TCP:${VIP}:6443,connect-timeout=2 </dev/null 2>/dev/null || echo none`;
  const lines = (await shell(machine, `for i in $(seq ${tries}); do ${connect}; done`)).split('\n');
  const counts: Record<string, number> = {};
  for (const line of lines) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}

/** BIRD as its unit starts it: its user, with the unit's capabilities. */
async function startBird(machine: string): Promise<void> {
  const plan = plans.get(machine);
  if (plan === undefined) throw new Error(`no plan of ${machine}`);
  const unit = unitText(plan, 'bird.service');
  const commands = unitCommands(unit);
  await shell(machine, 'install -d -m 0750 -o bird -g bird /run/bird');
  for (const { argv } of commands.startPre) {
    const { exitCode, stderr } = await sandbox.run(machine, argv, { user: 'bird' });
    if (exitCode !== 0) throw new Error(stderr);
  }
  const capabilities =
    /^AmbientCapabilities=(.*)$/m.exec(unit)?.[1]?.toLowerCase().replaceAll('cap_', '').split(' ') ?? [];
  const set = capabilities.map((name) => `+${name}`).join(',');
  const privileges = [`--reuid=bird`, '--regid=bird', '--init-groups', `--inh-caps=${set}`, `--ambient-caps=${set}`];
  const bounds = [`--bounding-set=-all,${set}`, '--no-new-privs'];
  birds.set(
    machine,
    await sandbox.start(machine, ['setpriv', ...privileges, ...bounds, '--', ...(commands.start[0]?.argv ?? [])]),
  );
}

/** What answers /readyz on loopback, with the API server's certificate. */
async function startReadyz(machine: string): Promise<void> {
  const folder = '/etc/kubernetes/pki/apiserver';
  const serve = `cd /run/www && exec openssl s_server -accept 127.0.0.1:6443 -cert ${folder}/apiserver.crt -key ${folder}/apiserver.key -WWW -quiet </dev/null`;
  ready.set(machine, await sandbox.start(machine, ['sh', '-c', serve]));
}

/** keelway-vip-watch.service as it was rendered. */
async function startWatch(machine: string): Promise<void> {
  const plan = plans.get(machine);
  if (plan === undefined) throw new Error(`no plan of ${machine}`);
  const [command] = unitCommands(unitText(plan, 'keelway-vip-watch.service')).start;
  const bounds = ['--bounding-set=-all,+net_admin,+net_raw', '--no-new-privs'];
  watches.set(machine, await sandbox.start(machine, ['setpriv', ...bounds, '--', ...(command?.argv ?? [])]));
}

/** The machines whose hardware address the subnet hears when it asks for the VIP. */
async function answering(): Promise<string[]> {
  const heard = await shell('neighbour', `arping -b -w 1 -c 20 -I eth0 ${VIP}`);
  const macs = Array.from(heard.matchAll(/52:54:0a:00:00:(\w\w)/gi), ([, last]) => Number.parseInt(last ?? '', 16));
  return Array.from(new Set(macs), (last) => `cp-${last - 10}`).sort();
}

beforeAll(async () => {
  const text = exampleText('ha').replace('workers: true}', 'workers: true, passwordFile: mesh.txt}');
  const cluster = clusterOf(text);
  const plan = await planForReal(cluster, { inputs: { files: { 'mesh.txt': `${PASSWORD}\n` }, assets: [] } });
  sandbox = await createSandbox({
    subnet: '10.0.0.0/24',
    networks: { outside: '192.0.2.0/24' },
    machines: [
      ...SPEAKERS.map((name) => ({ name, address: plan.machine(name).machine.address, gateway: '10.0.0.1' })),
      { name: 'router', address: '10.0.0.1', links: [{ network: 'outside', address: '192.0.2.1' }] },
      // Behind the router only, and on the subnet without any route.
      { name: 'outside', address: '10.0.0.250', links: [{ network: 'outside', address: '192.0.2.10' }] },
      { name: 'neighbour', address: '10.0.0.50' },
    ],
  });
  for (const name of SPEAKERS) {
    plans.set(name, plan.machine(name));
    await installPlan(sandbox, plan.machine(name));
    // Only settings of the network, which is what a machine of the sandbox owns.
    await shell(name, `grep -E '^net.ipv4' /etc/sysctl.d/90-keelway.conf >/run/90.conf`);
    for (const file of ['/run/90.conf', '/etc/sysctl.d/91-keelway-vip.conf']) {
      const { exitCode, stderr } = await sandbox.run(name, ['/usr/lib/systemd/systemd-sysctl', file]);
      expect({ file, exitCode, stderr }).toEqual({ file, exitCode: 0, stderr: '' });
    }
    if (name.startsWith('cp-')) {
      await sandbox.start(name, [
        'socat',
        `TCP-LISTEN:6443,bind=${VIP},ip-freebind,fork,reuseaddr`,
        `SYSTEM:echo ${name}`,
      ]);
      await shell(name, 'mkdir /run/www && echo ok >/run/www/readyz');
      await startReadyz(name);
    }
  }
  await shell('outside', `ip link set eth0 down; ip route add default via 192.0.2.1`);
  await shell('router', 'sysctl -w net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1; mkdir -p /run/bird');
  const sessions = CONTROL_PLANE.map(
    (name, index) => `protocol bgp ${name.replace('-', '')} {
  local 10.0.0.1 as 64500;
  neighbor 10.0.0.1${index + 1} as 64512;
  direct;
  ipv4 { import all; export none; };
}`,
  );
  await sandbox.run('router', ['tee', '/run/bird.conf'], {
    input: `router id 10.0.0.1;
protocol device {}
protocol kernel { merge paths on; ipv4 { import none; export all; }; }
${sessions.join('\n')}
`,
  });
  birds.set('router', await sandbox.start('router', ['bird', '-f', '-c', '/run/bird.conf']));
  await Promise.all(SPEAKERS.map(startBird));
  await Promise.all(CONTROL_PLANE.map(startWatch));
});
afterAll(async () => await sandbox?.stop());

const ALL_HOPS = ['10.0.0.11', '10.0.0.12', '10.0.0.13'];
const POLL = { timeout: 15_000, interval: 50 };

describe('the mesh', () => {
  it('establishes every session as drawn, each with its password', async () => {
    const states = async () => {
      const found = await Promise.all(
        [...SPEAKERS, 'router'].map(
          async (machine) => (await shell(machine, 'birdc show protocols')).match(/ BGP .*/g) ?? [],
        ),
      );
      return found.flat().map((line) => /Established/.test(line));
    };
    // Three machines with two others, three workers (one of them is here) and the router; a worker; the router.
    await expect.poll(async () => (await states()).filter(Boolean).length, POLL).toBe(3 * 4 + 3 + 3);
    const { stdout } = await sandbox.run('cp-1', ['birdc', 'show', 'protocols', 'all', 'peer_cp_2']);
    expect(stdout).toContain('Hold timer:       ');
    expect(stdout).not.toContain(PASSWORD);
  });

  it('watches every machine of the mesh by BFD, and no router', async () => {
    const sessions = async (machine: string) =>
      Array.from(
        (await shell(machine, 'birdc show bfd sessions')).matchAll(/^(\S+) +eth0 +(\S+)/gm),
        ([, address, state]) => `${address} ${state}`,
      )
        .filter((line) => line.endsWith(' Up'))
        .sort();
    const up = (...hosts: readonly number[]) => hosts.map((host) => `10.0.0.${host} Up`);
    await expect.poll(async () => await sessions('cp-1'), POLL).toEqual(up(12, 13, 31));
    await expect.poll(async () => await sessions('worker-1'), POLL).toEqual(up(11, 12, 13));
  });

  it('announces nothing while no API server is healthy', async () => {
    expect(await nextHops('worker-1')).toEqual([]);
    expect(await nextHops('router')).toEqual([]);
    expect(await answers('neighbour', 1)).toEqual({ none: 1 });
  });

  it('leads workers, the router and hosts of the subnet to all healthy machines', async () => {
    for (const name of CONTROL_PLANE) await holdAddress(name);
    await expect.poll(async () => await nextHops('worker-1'), POLL).toEqual(ALL_HOPS);
    await expect.poll(async () => await nextHops('router'), POLL).toEqual(ALL_HOPS);
    expect(Object.keys(await answers('worker-1', 30)).sort()).toEqual([...CONTROL_PLANE]);
    expect(Object.keys(await answers('outside', 30)).sort()).toEqual([...CONTROL_PLANE]);
  });

  it('lets exactly one healthy machine answer a host that has no route', async () => {
    await expect.poll(async () => (await answering()).length, { timeout: 15_000, interval: 200 }).toBe(1);
    // And stays with it.
    await sleep(3000);
    const [machine] = await answering();
    expect(await answers('neighbour', 20)).toEqual({ [machine as string]: 20 });
  });

  it('corrects a host that speaks to another machine, whose loss it would notice late', async () => {
    const [machine] = await answering();
    const other = CONTROL_PLANE.find((name) => name !== machine) ?? '';
    const [mac, foreign] = await Promise.all(
      [machine ?? '', other].map(async (name) => await shell(name, 'cat /sys/class/net/eth0/address')),
    );
    const known = `ip neigh show ${VIP}`;
    const believe = `ip neigh replace ${VIP} lladdr ${foreign} dev eth0 nud reachable`;
    expect(await shell('neighbour', `${believe} && ${known}`)).toContain(foreign);
    await expect.poll(async () => await shell('neighbour', known), { timeout: 6000, interval: 50 }).toContain(mac);
  });

  it('a machine uses its own API server, and no route', async () => {
    expect(await nextHops('cp-1')).toEqual([]);
    expect(await answers('cp-1', 3)).toEqual({ 'cp-1': 3 });
  });

  it('forgets a sick machine at once; what still comes to it goes on to a healthy one', async () => {
    const [held] = Object.keys(await answers('neighbour', 1));
    const sick = held as string;
    const rest = ALL_HOPS.filter((address) => address !== plans.get(sick)?.network.address);
    await dropAddress(sick);
    await expect.poll(async () => await nextHops('worker-1'), { timeout: 2000, interval: 20 }).toEqual(rest);
    await expect.poll(async () => await nextHops('router'), { timeout: 2000, interval: 20 }).toEqual(rest);
    // It stops answering within a second, and the host that still sends to it does not notice.
    await expect.poll(async () => await nextHops(sick), { timeout: 2000, interval: 20 }).toEqual(rest);
    await watches.get(sick)?.waitFor(/is gone from lo: no more answers on eth0/);
    for (const client of ['worker-1', 'outside', 'neighbour', sick]) {
      const found = await answers(client);
      expect({ client, none: found.none, sick: found[sick] }).toEqual({ client, none: undefined, sick: undefined });
    }
    // Another one takes over, tells the subnet, and does not give back.
    await expect.poll(answering, { timeout: 10_000, interval: 200 }).toHaveLength(1);
    const next = await answering();
    expect(next).not.toEqual([sick]);
    await holdAddress(sick);
    await expect.poll(async () => await nextHops('worker-1'), { timeout: 2000, interval: 20 }).toEqual(ALL_HOPS);
    await sleep(3000);
    expect(await answering()).toEqual(next);
  });

  it('forgets a machine whose cable is cut by BFD, before the hold time of BGP could end', async () => {
    const [held] = Object.keys(await answers('neighbour', 1));
    const lost = held as (typeof CONTROL_PLANE)[number];
    const rest = CONTROL_PLANE.filter((name) => name !== lost);
    const takers = () =>
      rest.flatMap(
        (name) =>
          watches
            .get(name)
            ?.output()
            .match(/nobody answers/g) ?? [],
      ).length;
    const before = takers();
    await sandbox.cable(lost, 'cut');
    const start = Date.now();
    const since = async (done: Promise<void>): Promise<number> => await done.then(() => Date.now() - start);
    const [host, worker] = await Promise.all([
      since(expect.poll(async () => (await answers('neighbour', 1)).none, POLL).toBeUndefined()),
      since(expect.poll(async () => await nextHops('worker-1'), POLL).toHaveLength(2)),
    ]);
    console.log(`cable cut: a host of the subnet is back after ${host} ms, the route is gone after ${worker} ms`);
    expect(host).toBeLessThan(10_000);
    // The hold time is 9 s, and a keepalive at most 3 s old.
    expect(worker).toBeLessThan(5000);
    // The second hears that the first has taken it, and does not take it too.
    await sleep(3000);
    expect(takers() - before).toBe(1);
    await sandbox.cable(lost, 'mend');
    await expect.poll(async () => await nextHops('worker-1'), { timeout: 20_000, interval: 50 }).toEqual(ALL_HOPS);
    // Both took it meanwhile; one lets go.
    await expect.poll(answering, { timeout: 10_000, interval: 200 }).toHaveLength(1);
  });

  it('a restarted BIRD withdraws, and is back within seconds', async () => {
    await birds.get('cp-3')?.stop();
    await expect
      .poll(async () => await nextHops('worker-1'), { timeout: 2000, interval: 20 })
      .toEqual(['10.0.0.11', '10.0.0.12']);
    await startBird('cp-3');
    await expect.poll(async () => await nextHops('worker-1'), POLL).toEqual(ALL_HOPS);
  });
});

describe('keelway-vip-watch', () => {
  it('takes away an address that has no healthy API server behind it, and leaves the others', async () => {
    await ready.get('cp-1')?.stop('SIGKILL');
    await watches.get('cp-1')?.waitFor(/readyz fails, and 10\.0\.0\.100 is still on lo: taking it away/, 20_000);
    await expect.poll(async () => await nextHops('worker-1'), POLL).toEqual(['10.0.0.12', '10.0.0.13']);
    expect(await shell('cp-2', `ip -brief address show dev lo to ${VIP}`)).toContain(VIP);
    await expect.poll(answering, { timeout: 10_000, interval: 200 }).not.toContain('cp-1');
  });

  it('answers no more when it is stopped', async () => {
    await Promise.all(Array.from(watches.values(), async (watch) => await watch.stop()));
    expect(await answering()).toEqual([]);
  });
});
