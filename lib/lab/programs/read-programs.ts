import { join } from 'node:path';
import { STATIC_POD_DIRECTORY } from '../../components/static-pod.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { MachinePlan } from '../../plan/machine-plan.ts';
import { add, type MissingPart, type ProgramsFolder, safeRealPath } from '../programs-folder.ts';
import { isInRoot } from '../root-parts.ts';
import { podSettings } from './pod-settings.ts';
import { IMAGE_LAYER_FOLDER } from './program-machine.ts';
import { IMAGE_PROGRAMS, MACHINE_PROGRAMS } from './start-programs.ts';

/** What the units and the lab itself run of the root. */
const ROOT_PROGRAMS = [
  'usr/bin/curl',
  'usr/bin/openssl',
  'usr/bin/socat',
  'usr/bin/setpriv',
  'usr/lib/systemd/systemd-sysctl',
  'usr/sbin/bird',
  'usr/sbin/chronyd',
  'usr/sbin/haproxy',
  'usr/sbin/ip',
  'usr/sbin/nft',
  'usr/sbin/useradd',
];

/**
 * Reads a programs folder for a lab of programs only, and says everything that a cluster needs and that is missing.
 *
 *     root/   root file system of the node OS: Debian 13 with BIRD, HAProxy, nftables, chrony, socat, ...
 *     bin/    kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, etcd, etcdctl, etcdutl; and kube-vip
 *             when the cluster has a virtual IP
 *
 * Files may be links; images, CNI plugins and container programs are not looked at.
 *
 * @param folder - Absolute.
 */
export function readPrograms(
  folder: string,
  { versions }: Cluster,
  machines: readonly MachinePlan[],
): { readonly programs: ProgramsFolder; readonly missing: readonly MissingPart[] } {
  const missing: MissingPart[] = [];
  const root = join(folder, 'root');
  for (const path of ROOT_PROGRAMS) {
    if (!isInRoot(root, path)) missing.push({ part: `root/${path}`, hint: 'a Debian 13 root with this program' });
  }
  const pods = new Set(machines.flatMap(podPrograms));
  const programs: Record<string, string> = {};
  const need = (name: string, target: string): void => {
    if (add(programs, target, join(folder, 'bin', name))) return;
    const family = name.startsWith('etcd') ? 'etcd' : name === 'kube-vip' ? 'kubeVip' : 'kubernetes';
    missing.push({ part: `bin/${name}`, hint: `${name} ${versions[family]}, statically linked, for linux/amd64` });
  };
  for (const name of MACHINE_PROGRAMS) need(name, `/usr/local/bin/${name}`);
  for (const name of IMAGE_PROGRAMS) if (pods.has(name)) need(name, `${IMAGE_LAYER_FOLDER}/${name}`);
  return { programs: { root: safeRealPath(root), programs, images: {}, nspawn: '' }, missing };
}

function podPrograms(plan: MachinePlan): readonly string[] {
  const pods = plan.files.filter(({ path }) => path.startsWith(`${STATIC_POD_DIRECTORY}/`));
  return pods.map(({ contents }) => podSettings(contents).program);
}
