/**
 * Makes the folder that `keelway lab up --programs` takes, from the tools in the cache.
 *
 *     npx node test/tools/lab-programs.ts cluster.yaml    # prints the folder
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type OciImage, writeOciArchive } from '../../images/oci/write-oci-archive.ts';
import { loadCluster } from '../../lib/build/load-cluster.ts';
import { RECIPES } from './catalog.ts';
import { cacheFolder, installed, MANIFEST, recipeKey } from './lib/cache.ts';
import { withLock } from './lib/lock.ts';
import { oracleRoot, toolPath } from './tools.ts';

/** Raised when this file changes what it makes. */
const REVISION = 3;

/** The images' files are all of one time: the same programs give the same bytes. */
const CREATED_SECONDS = 1_700_000_000;

/** Beside what the cluster's own manifests name: what tests put into the cluster. */
export const TEST_IMAGES = {
  coredns: `registry.k8s.io/coredns/coredns:v${versionOf('coredns')}`,
  echo: `keelway.test/echo:${versionOf('echo')}`,
} as const;

/** Versions whose images are wanted under other tags than the programs' own. */
export interface LabImageVersions {
  readonly kubernetes: string;
  readonly kubeVip: string;
  readonly pause: string;
}

/**
 * The programs folder of a lab: links to the cached programs, and images made from them. Made once per set of tools.
 *
 * kube-vip 1.2.2, the newest that can be had as a module, stands in for the version that the cluster names.
 *
 * @throws ToolsError that names the command to run when a tool has not been made yet.
 */
export async function labPrograms(versions: LabImageVersions): Promise<string> {
  const archives = labImages(versions);
  const key = createHash('sha256')
    .update(
      JSON.stringify([REVISION, versions, RECIPES.map((recipe) => [recipeKey(recipe), installed(recipe)?.stamp])]),
    )
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheFolder(), 'lab-programs', key);
  if (existsSync(join(folder, MANIFEST))) return folder;
  return await withLock(
    join(cacheFolder(), 'locks', `lab-programs-${key}`),
    () => {},
    async () => {
      if (existsSync(join(folder, MANIFEST))) return folder;
      const partial = `${folder}.partial`;
      await rm(partial, { recursive: true, force: true });
      for (const [path, target] of Object.entries(links())) {
        await mkdir(dirname(join(partial, path)), { recursive: true });
        await symlink(target, join(partial, path));
      }
      await mkdir(join(partial, 'images'));
      for (const [name, images] of Object.entries(await archives)) {
        await writeOciArchive(join(partial, 'images', `${name}.tar`), images, { createdSeconds: CREATED_SECONDS });
      }
      await writeFile(join(partial, MANIFEST), `${JSON.stringify({ revision: REVISION, versions })}\n`);
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder);
      return folder;
    },
  );
}

/** Path in the folder to where the link leads. */
function links(): Readonly<Record<string, string>> {
  const cni = ['bridge', 'host-local', 'loopback', 'portmap'];
  const tools = ['kubelet', 'kube-proxy', 'kubectl', 'crictl'];
  // For labs of programs; those of machines have them in images.
  const inImages = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-vip'];
  return {
    root: oracleRoot(),
    ...Object.fromEntries([...tools, ...inImages].map((name) => [`bin/${name}`, toolPath(name)])),
    ...Object.fromEntries(['etcd', 'etcdctl', 'etcdutl'].map((name) => [`bin/${name}`, toolPath(`${name}-3.6`)])),
    ...Object.fromEntries(cni.map((name) => [`cni/${name}`, toolPath(`cni-${name}`)])),
    'nspawn/systemd-nspawn': toolPath('systemd-nspawn'),
  };
}

/** Archives by name. */
async function labImages(versions: LabImageVersions): Promise<Readonly<Record<string, readonly OciImage[]>>> {
  const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
  // One layer for the three: it is stored once.
  const kubernetes = [
    ...(await program('kubernetes', toolPath('kube-apiserver'))),
    ...controlPlane.map((name) => ({ path: `usr/local/bin/${name}`, type: 'symlink', target: 'kubernetes' }) as const),
  ];
  const kubeVip = image(
    `ghcr.io/kube-vip/kube-vip:v${versions.kubeVip}`,
    await program('kube-vip', toolPath('kube-vip')),
    'kube-vip',
  );
  const pause = image(`registry.k8s.io/pause:${versions.pause}`, await program('pause', toolPath('pause')), 'pause');
  return {
    kubernetes: controlPlane.map((name) => image(`registry.k8s.io/${name}:v${versions.kubernetes}`, kubernetes, name)),
    'kube-vip': [kubeVip],
    pause: [pause],
    coredns: [image(TEST_IMAGES.coredns, await program('coredns', toolPath('coredns')), 'coredns')],
    echo: [image(TEST_IMAGES.echo, await program('echo', toolPath('echo')), 'echo')],
  };
}

function image(reference: string, entries: OciImage['entries'], name: string): OciImage {
  return {
    reference,
    architecture: 'amd64',
    entries,
    entrypoint: [`/usr/local/bin/${name}`],
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  };
}

async function program(name: string, source: string): Promise<OciImage['entries']> {
  const { size } = await stat(source);
  return [
    ...['usr', 'usr/local', 'usr/local/bin'].map((path) => ({ path, type: 'directory', mode: 0o755 }) as const),
    { path: `usr/local/bin/${name}`, type: 'file', mode: 0o755, source, sizeBytes: size },
  ];
}

function versionOf(name: string): string {
  const recipe = RECIPES.find((each) => each.name === name);
  if (recipe === undefined) throw new Error(`no recipe is called ${name}`);
  return recipe.version;
}

if (import.meta.main) {
  const [path = 'examples/ha/cluster.yaml'] = process.argv.slice(2);
  const file = { name: path, path, folder: dirname(path), text: readFileSync(path) };
  const { kubernetes, kubeVip, pause } = loadCluster(file).cluster.versions;
  process.stdout.write(`${await labPrograms({ kubernetes, kubeVip, pause })}\n`);
}
