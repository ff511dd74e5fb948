import { expect, it } from 'vitest';
import { type Cluster, machinesOf, type Vip } from '../../../lib/model/cluster.ts';
import { needsBird } from '../../../lib/model/programs.ts';
import { vipReachability } from '../../../lib/model/reachability.ts';
import { eventually, NEIGHBOUR, OUTSIDE_CLIENT, type ProgramLab, ROUTER } from '../harness/program-lab.ts';
import { status } from './forms.ts';

const BIRDC = 'birdc -s /run/bird/bird.ctl';

/** The test runs what its title says. */
export function judgeProfile(lab: () => ProgramLab, expected: Pick<Vip, 'profile' | 'onLink'>): void {
  it(`has its VIP by ${expected.profile}, onLink ${expected.onLink}`, () => {
    expect(vipOf(lab().built.plan.cluster)).toMatchObject(expected);
  });
}

/** Who reaches the VIP, who is in its mesh and who answers for it, while all is well. */
export function judgeVip(lab: () => ProgramLab, timeline: Record<string, number>): void {
  const cluster = (): Cluster => lab().built.plan.cluster;
  const vip = (): Vip => vipOf(cluster());
  const controlPlane = (): string[] => machinesOf(cluster(), 'control-plane').map(({ name }) => name);

  it('is in service', async () => {
    await eventually('the VIP', 120_000, async () => (await servers(lab())).length > 0);
    timeline.VIP ??= lab().seconds();
    await allInService(lab());
  });

  it('has its sessions Established as drawn', async () => {
    const sessions: Record<string, readonly string[]> = {};
    for (const machine of cluster().machines) {
      if (!needsBird(cluster(), machine)) continue;
      sessions[machine.name] = await eventually(`sessions of ${machine.name}`, 60_000, async () => {
        const states = await sessionsOf(lab(), machine.name);
        return states.every((state) => state.endsWith(' Established')) && states;
      });
    }
    const expected = cluster()
      .machines.filter((machine) => needsBird(cluster(), machine))
      .map(({ name, role }) => {
        const masters = controlPlane().filter((other) => other !== name);
        const workers = vip().bgp?.workers === true ? machinesOf(cluster(), 'worker') : [];
        const routers = (vip().bgp?.routers ?? []).map(({ address }) => address);
        const peers = role === 'worker' ? masters : [...masters, ...workers.map((each) => each.name), ...routers];
        return [name, peers.map((peer) => `${peer} Established`).sort()];
      });
    expect(sessions).toEqual(Object.fromEntries(expected));
    if (vip().profile === 'arp') return;
    const upstream = await lab().ask(ROUTER, `${BIRDC} show protocols`);
    expect(upstream.match(/BGP .* Established/g)).toHaveLength(controlPlane().length);
  });

  it('is reached by whom the printed matrix says, and by nobody else', async () => {
    const workers = machinesOf(cluster(), 'worker').map(({ name }) => name);
    const hosts: Readonly<Record<string, readonly string[]>> = {
      'control-plane machines': controlPlane(),
      workers,
      [`${cluster().network.nodeSubnet}, hosts without a route`]: [NEIGHBOUR],
      [`${cluster().network.nodeSubnet}, hosts that learn the route`]: vip().bgp?.workers ? workers : [ROUTER],
      'hosts elsewhere': [OUTSIDE_CLIENT],
    };
    const printed = vipReachability(cluster());
    const found: Record<string, string> = {};
    for (const { from, reaches: promised } of printed) {
      const answers: boolean[] = [];
      // One answer is a way. That there is none is worth a second look.
      const tries = promised === 'yes' ? 10 : 2;
      for (const host of hosts[from] ?? []) answers.push(await reaches(lab(), host, tries));
      found[from] = answers.every(Boolean) ? 'yes' : answers.some(Boolean) ? 'some' : 'no';
    }
    expect(found).toEqual(Object.fromEntries(printed.map(({ from, reaches }) => [from, reaches])));
  });

  it('spreads the connections of one outside client over all who announce it', async () => {
    const seen = new Set<string>();
    for (let tries = 0; tries < 60 && seen.size < controlPlane().length; tries += 1) {
      // A busy host may be late; one that never answers is missing in the end.
      const server = await serverSeenFrom(lab(), OUTSIDE_CLIENT);
      if (server !== null) seen.add(server);
    }
    expect([...seen].sort()).toEqual(vip().profile === 'arp' ? [expect.any(String)] : controlPlane().sort());
  });

  it('is answered by ARP from those who should, and nobody else', async () => {
    const { stdout } = await lab().shell(NEIGHBOUR, `arping -b -c 3 -w 3 -I eth0 ${vip().address} || :`);
    expect(stdout).toMatch(/^Sent 3 probes/m);
    const answered = new Set([...stdout.matchAll(/\[([0-9A-F:]{17})\]/g)].map(([, mac]) => mac?.toLowerCase()));
    const macs = machinesOf(cluster(), 'control-plane').map(({ macs: [mac] }) => mac);
    // One at a time, in profile arp too.
    expect(answered.size).toBe(vip().onLink === 'arp' ? 1 : 0);
    expect(macs).toEqual(expect.arrayContaining([...answered]));
  });

  it('never is the sender of a machine’s own connections or ARP requests', async () => {
    for (const name of controlPlane()) {
      const route = await lab().ask(name, 'ip route get 192.0.2.10; ip route get 10.0.0.50');
      expect(route).not.toContain(`src ${vip().address}`);
    }
    // Those whom every control-plane machine speaks to, and who never ask for the VIP themselves.
    for (const { name, address } of lab().built.plan.machines.flatMap(({ machine, network }) =>
      machine.runsEtcd && machine.role !== 'control-plane' ? [{ name: machine.name, address: network.address }] : [],
    )) {
      const neighbours = await lab().ask(name, 'ip neigh');
      expect(neighbours, address).toMatch(/^10\.0\.0\.1[123] .*lladdr/m);
      expect(neighbours, address).not.toContain(vip().address);
    }
  });
}

export function vipOf(cluster: Cluster): Vip {
  const { vip } = cluster.controlPlane;
  if (vip === null) throw new Error(`${cluster.name} has no VIP`);
  return vip;
}

/** Sessions of a machine's BIRD: `cp-2 Established`, by the peer's description. */
async function sessionsOf(lab: ProgramLab, machine: string): Promise<readonly string[]> {
  const text = await lab.ask(machine, `${BIRDC} show protocols all`);
  return text
    .split(/\n(?=\S)/)
    .filter((block) => / BGP /.test(block))
    .map((block) => {
      const name = /Description:\s+(?:upstream router )?(\S+)/.exec(block)?.[1];
      return `${name} ${/BGP state:\s+(\S+)/.exec(block)?.[1]}`;
    })
    .sort();
}

/** Which machines stand behind the VIP now, as the outside sees it: next hops of the router, or who holds the address. */
export async function servers(lab: ProgramLab): Promise<readonly string[]> {
  const { cluster } = lab.built.plan;
  const { address, profile } = vipOf(cluster);
  const machines = machinesOf(cluster, 'control-plane');
  if (profile === 'arp') {
    const held: string[] = [];
    for (const { name } of machines) {
      // A machine without power holds nothing.
      const stdout = await lab.ask(name, `ip -o -4 address show to ${address}/32`).catch(() => '');
      if (stdout !== '') held.push(name);
    }
    return held;
  }
  const route = await lab.ask(ROUTER, `ip route show ${address}/32`);
  return machines.filter((machine) => route.includes(`via ${machine.address} `)).map(({ name }) => name);
}

/** Waits until every control-plane machine is behind the VIP again (profile arp: one), and stays so. */
export async function allInService(lab: ProgramLab, lastingMs = 2500): Promise<void> {
  const { cluster } = lab.built.plan;
  const wanted = vipOf(cluster).profile === 'arp' ? 1 : machinesOf(cluster, 'control-plane').length;
  let since: number | undefined;
  await eventually('all in service', 150_000, async () => {
    const isWhole = (await servers(lab)).length === wanted && (await areReady(lab));
    since = isWhole ? (since ?? performance.now()) : undefined;
    return since !== undefined && performance.now() - since > lastingMs;
  });
}

/** In the BGP profiles the VIP says so itself; in profile arp only of the one that holds it. */
async function areReady(lab: ProgramLab): Promise<boolean> {
  const { cluster } = lab.built.plan;
  if (vipOf(cluster).profile !== 'arp') return true;
  const names = machinesOf(cluster, 'control-plane').map(({ name }) => name);
  const answers = await Promise.all(names.map((name) => status(lab, name, '/readyz')));
  return answers.every((answer) => answer === '200');
}

async function reaches(lab: ProgramLab, host: string, tries: number): Promise<boolean> {
  for (let count = 0; count < tries; count += 1) {
    if ((await serverSeenFrom(lab, host)) !== null) return true;
  }
  return false;
}

/** Name of the machine whose API server answers a host at the VIP; null when none does. */
async function serverSeenFrom(lab: ProgramLab, host: string): Promise<string | null> {
  const { cluster } = lab.built.plan;
  const url = `https://${vipOf(cluster).address}:${cluster.controlPlane.port}/readyz`;
  const { stdout, stderr } = await lab.shell(
    host,
    `curl -sv --max-time 3 --cacert /root/ca.crt -w '\\n%{certs}' ${url} || :`,
  );
  if (!stdout.startsWith('ok')) return null;
  return /DNS:([a-z0-9-]+)/.exec(stdout)?.[1] ?? stderr;
}
