import { readFileSync, readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ProgramLab } from '../harness/program-lab.ts';

/** Nothing of the lab has a way to the network of this machine. */
export function judgeSealing(lab: () => ProgramLab): void {
  it('has no way out: every machine has its own network, with nothing but cables of the lab', async () => {
    const own = readlinkSync('/proc/self/ns/net');
    const machines = [
      ...lab().built.plan.machines.map(({ machine }) => machine.name),
      'router',
      'outside',
      'neighbour',
    ];
    const networks = new Set<string>();
    for (const name of machines) {
      networks.add(readlinkSync(`/proc/${lab().sandbox.holder(name)}/ns/net`));
      const links = await lab().ask(name, "ip -o link | awk -F': ' '{print $2}'");
      for (const link of links.split('\n')) expect(link, name).toMatch(/^(?:lo|eth[01]@if\d+)$/);
    }
    expect(networks.has(own)).toBe(false);
    expect(networks.size).toBe(machines.length);
    // The switches themselves stand alone: nothing in their namespace but they and the machines' cables.
    const outer = ancestorInAnotherNetwork(lab().sandbox.holder('router'));
    expect(readlinkSync(`/proc/${outer}/ns/net`)).not.toBe(own);
    const text = readFileSync(`/proc/${outer}/net/dev`, 'utf8');
    const switches = [...text.matchAll(/^ *([^:\s]+):/gm)].map(([, name]) => name);
    const other = switches.filter((link) => !/^(?:lo|n[01]|v\d+)$/.test(link ?? ''));
    expect(other).toEqual([]);
    // The router has two cables, and everyone else one.
    expect(switches).toHaveLength(3 + machines.length + 1);
    const { stdout } = await lab().shell('router', 'ip route get 198.51.100.1 2>&1 || :');
    expect(stdout).toContain('unreachable');
    for (const { pid } of lab().programs.machines.flatMap(({ programs }) =>
      programs.map((program) => ({ pid: program.pid() })),
    )) {
      if (pid !== null) expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(own);
    }
  });
}

/** The nearest ancestor of a process that is in another network namespace. */
function ancestorInAnotherNetwork(pid: number): number {
  const network = readlinkSync(`/proc/${pid}/ns/net`);
  let ancestor = pid;
  while (readlinkSync(`/proc/${ancestor}/ns/net`) === network) {
    ancestor = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${ancestor}/status`, 'utf8'))?.[1]);
  }
  return ancestor;
}
