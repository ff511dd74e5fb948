import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { loadCluster, readClusterFile } from '../../../lib/build/load-cluster.ts';
import { planBuild } from '../../../lib/build/plan-build.ts';
import { nodePorts } from '../../../lib/node-ports.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { ClusterPlan } from '../../../lib/plan/cluster-plan.ts';

const KEELWAY = fileURLToPath(new URL('../../../cli.ts', import.meta.url));

export interface BuiltCluster {
  /** Holds cluster.yaml, secrets.yaml, the build and admin.kubeconfig. */
  readonly folder: string;
  readonly plan: ClusterPlan;
  readonly pki: PkiBundle;
  remove(): void;
}

/**
 * What a user does before the machines boot, by the command line: secrets, build, kubeconfig. The plan is the build's own:
 * made again from the leaves that it kept, of which none may be issued anew.
 */
export async function buildCluster(text: string): Promise<BuiltCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-control-plane-'));
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, text);
  for (const args of [
    ['secrets', 'create', 'cluster.yaml'],
    ['build', 'cluster.yaml'],
    ['kubeconfig', 'cluster.yaml', '-o', 'admin.kubeconfig'],
  ]) {
    await execa(process.execPath, [KEELWAY, ...args], { cwd: folder });
  }
  const ports = nodePorts();
  const path = join(folder, 'secrets.yaml');
  const { plan, issued } = await planBuild(
    loadCluster(await readClusterFile(ports.files, file, 'cluster.yaml')),
    { path, shown: path, identityFile: null, createCommand: '' },
    ports,
  );
  if (issued.issued.length > 0) throw new Error(`issued again: ${JSON.stringify(issued.issued)}`);
  return {
    folder,
    plan,
    pki: issued.bundle,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
