import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../model/cluster.ts';
import type { MachinePlan } from '../plan/machine-plan.ts';
import type { ExecPort } from '../ports.ts';
import { archiveReferences } from './archive-references.ts';
import type { LabTier } from './lab-plan.ts';
import { isInRoot, rootParts } from './root-parts.ts';
import { staticPodImages } from './static-pod-images.ts';

/** The folder with everything that a lab runs and Keelway does not render. */
export interface ProgramsFolder {
  /** Root file system of the node OS; never written to. */
  readonly root: string;
  /** Programs by the path that they have on a machine; the values are files of the host. */
  readonly programs: Readonly<Record<string, string>>;
  /** Image archives by reference. */
  readonly images: Readonly<Record<string, string>>;
  readonly nspawn: string;
}

/** A part that is not there. */
export interface MissingPart {
  readonly part: string;
  /** How to get it. */
  readonly hint: string;
}

const KUBERNETES = ['kubelet', 'kube-proxy', 'kubectl'];
const ETCD = ['etcd', 'etcdctl', 'etcdutl'];
/** The pod network of the lab. */
const CNI = ['bridge', 'host-local', 'loopback', 'portmap'];
/** Looked for in `bin/`, else in the root itself. */
const RUNTIME = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc'];

/**
 * Reads a programs folder and says everything that a cluster needs and that is missing.
 *
 *     root/                   root file system of the node OS: Debian 13 with systemd, cloud-init, BIRD, HAProxy, ...
 *     bin/                    upstream programs: kubelet, kube-proxy, kubectl, crictl, etcd, etcdctl, etcdutl; and
 *                             containerd, ctr, containerd-shim-runc-v2, runc unless the root has them in /usr/bin
 *     cni/                    CNI plugins: bridge, host-local, loopback, portmap
 *     images/*.tar            OCI archives, of one image or several, whose index names them in full
 *                             (io.containerd.image.name); those that no static pod needs go to every worker
 *     nspawn/systemd-nspawn   unless the host has systemd-nspawn on its PATH
 *
 * Files may be links.
 *
 * @param folder - Absolute.
 */
export function readProgramsFolder(
  folder: string,
  cluster: Cluster,
  machines: readonly MachinePlan[],
): { readonly programs: ProgramsFolder; readonly missing: readonly MissingPart[] } {
  const missing: MissingPart[] = [];
  const root = join(folder, 'root');
  const programs: Record<string, string> = {};
  const wanted = [
    ...(machines.some(({ machine }) => machine.runsEtcd) ? ETCD.map((name) => [name, cluster.versions.etcd]) : []),
    ...KUBERNETES.map((name) => [name, cluster.versions.kubernetes]),
  ];
  for (const [name = '', version] of wanted) {
    if (!add(programs, `/usr/local/bin/${name}`, join(folder, 'bin', name))) {
      missing.push({ part: `bin/${name}`, hint: `${name} ${version}, statically linked, for linux/amd64` });
    }
  }
  add(programs, '/usr/local/bin/crictl', join(folder, 'bin/crictl'));
  for (const name of RUNTIME) {
    const own = add(programs, `/usr/local/bin/${name}`, join(folder, 'bin', name));
    if (!own && !add(programs, `/usr/local/bin/${name}`, join(root, 'usr/bin', name))) {
      missing.push({ part: `bin/${name}`, hint: 'containerd 2.x and runc, here or in the root' });
    }
  }
  for (const name of CNI) {
    if (!add(programs, `/opt/cni/bin/${name}`, join(folder, 'cni', name))) {
      missing.push({ part: `cni/${name}`, hint: 'from the containernetworking plugins' });
    }
  }
  const brought = [...Object.keys(programs), ...wanted.map(([name]) => `/usr/local/bin/${name}`)];
  for (const path of rootParts(cluster, machines, [...brought, ...RUNTIME.map((name) => `/usr/local/bin/${name}`)])) {
    if (!isInRoot(root, path))
      missing.push({ part: `root/${path}`, hint: 'a Debian 13 root with this program or unit' });
  }
  const images = readImages(join(folder, 'images'));
  for (const reference of new Set(machines.flatMap(staticPodImages))) {
    if (images[withoutDigest(reference)] === undefined) {
      missing.push({ part: `images/${reference}`, hint: 'an OCI archive with this image' });
    }
  }
  const nspawn = [join(folder, 'nspawn/systemd-nspawn'), '/usr/bin/systemd-nspawn'].find((path) => existsSync(path));
  if (nspawn === undefined) {
    missing.push({
      part: 'nspawn/systemd-nspawn',
      hint: "Debian's package systemd-container, installed or unpacked there",
    });
  }
  return { programs: { root: safeRealPath(root), programs, images, nspawn: nspawn ?? '' }, missing };
}

/** A reference as archives name it. */
export function withoutDigest(reference: string): string {
  return reference.replace(/@.*$/, '');
}

/** Takes a program when it is there. */
export function add(programs: Record<string, string>, path: string, source: string): boolean {
  if (!existsSync(source) || !statSync(source).isFile()) return false;
  programs[path] = realpathSync(source);
  return true;
}

function readImages(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const archives = readdirSync(folder).filter((name) => name.endsWith('.tar'));
  const paths = archives.sort().map((name) => realpathSync(join(folder, name)));
  return Object.fromEntries(paths.flatMap((path) => archiveReferences(path).map((reference) => [reference, path])));
}

/** The path itself when nothing is there. */
export function safeRealPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** The programs whose version decides whether a cluster forms, and how they say it. */
const VERSIONED = {
  machines: { kubelet: 'kubernetes', etcd: 'etcd' },
  programs: { 'kube-apiserver': 'kubernetes', etcd: 'etcd' },
} as const;

/**
 * Asks the programs of a folder for their versions.
 *
 * @returns Those that are not what the cluster file names; one that is not there is not among them.
 */
export async function wrongVersions(
  folder: string,
  cluster: Cluster,
  exec: ExecPort,
  tier: LabTier = 'machines',
): Promise<readonly MissingPart[]> {
  const wrong: MissingPart[] = [];
  for (const [name, family] of Object.entries(VERSIONED[tier])) {
    const program = join(folder, 'bin', name);
    if (!existsSync(program)) continue;
    const { stdout } = await exec.run(program, ['--version']);
    const found = /\d+\.\d+\.\d+/.exec(stdout)?.[0];
    const wanted = cluster.versions[family];
    if (found === wanted) continue;
    wrong.push({ part: `bin/${name} ${wanted}`, hint: `the one that is there is ${found ?? 'of an unknown version'}` });
  }
  return wrong;
}
