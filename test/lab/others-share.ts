import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lib/lab/lab.ts';

/** More than this is no machine to measure on. */
const MOST = 4;

/**
 * How much longer than on a host of its own a lab that has just come up may have taken: processor time that the host has
 * spent since then, to that of the lab. One where nothing else ran, or where it is not known; at most four.
 *
 * @returns To be called before the lab starts; what it returns is to be asked when the lab is up.
 */
export function othersShare(): (lab: Lab) => number {
  const before = busySeconds();
  return (lab) => {
    const own = labSeconds(lab.state.groups);
    return own === null ? 1 : Math.min(MOST, Math.max(1, (busySeconds() - before) / own));
  };
}

/** Of all processors; in ticks of a hundredth, the kernel's for all architectures. */
function busySeconds(): number {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}

function labSeconds(groups: readonly string[]): number | null {
  for (const group of groups) {
    const v1 = join(group, 'cpuacct.usage');
    if (existsSync(v1)) return Number(readFileSync(v1, 'utf8')) / 1e9;
    const v2 = join(group, 'cpu.stat');
    const usage = existsSync(v2) ? /^usage_usec (\d+)$/m.exec(readFileSync(v2, 'utf8'))?.[1] : undefined;
    if (usage !== undefined) return Number(usage) / 1e6;
  }
  return null;
}
