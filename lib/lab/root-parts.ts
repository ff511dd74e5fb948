import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../model/cluster.ts';
import type { MachinePlan } from '../plan/machine-plan.ts';
import { routerAddresses } from './router.ts';

/** What every machine runs before anything of ours, and what scripts of ours run. */
const ALWAYS = [
  'usr/bin/cloud-init',
  'usr/bin/curl',
  'usr/bin/openssl',
  'usr/lib/systemd/systemd',
  'usr/lib/systemd/systemd-networkd',
  'usr/lib/systemd/systemd-sysctl',
  'usr/sbin/ip',
  'usr/sbin/nft',
];

/** What the kubelet and kube-proxy look for. */
const FOR_KUBELET = ['usr/bin/socat', 'usr/sbin/conntrack', 'usr/sbin/ethtool'];

/** The lab's router speaks BGP and tells the time. */
const FOR_ROUTER = ['usr/sbin/bird', 'usr/sbin/chronyd'];

/**
 * Everything of the root file system that machines of a lab call by name: programs of their units, units that are the
 * distribution's own, and what cloud-init needs to apply the seed.
 *
 * @param brought - Paths of programs that machines have from elsewhere.
 * @returns Relative paths, in order.
 */
export function rootParts(
  cluster: Cluster,
  machines: readonly MachinePlan[],
  brought: readonly string[],
): readonly string[] {
  const own = machines.flatMap((plan) => {
    const delivered = new Set([...plan.files.map(({ path }) => path), ...brought]);
    return [
      ...plan.units.flatMap(({ name, contents, dropIns, enabled, masked }) => {
        if (masked) return [];
        const programs = [contents ?? '', ...dropIns.map((dropIn) => dropIn.contents)].flatMap(programsOf);
        // One without contents is the distribution's: it must be there to be enabled.
        return contents === null && enabled ? [...programs, `/usr/lib/systemd/system/${name}`] : programs;
      }),
      ...(plan.users.length > 0 ? ['/usr/sbin/useradd'] : []),
    ].filter((path) => !delivered.has(path));
  });
  const parts = [
    ...ALWAYS,
    ...own.map((path) => path.slice(1)),
    ...(machines.some(({ machine }) => machine.runsKubelet) ? FOR_KUBELET : []),
    ...(routerAddresses(cluster).length > 0 ? FOR_ROUTER : []),
  ];
  return [...new Set(parts)].toSorted();
}

/** True when the root has it; a link counts, because it may lead somewhere only inside. */
export function isInRoot(root: string, path: string): boolean {
  return lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
}

/** First words of the commands of a service. */
function programsOf(unit: string): readonly string[] {
  return Array.from(unit.matchAll(/^Exec\w+=[-+@!:]*(\/\S+)/gm), ([, path = '']) => path);
}
