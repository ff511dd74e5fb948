import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { nodePorts } from '../../../lib/node-ports.ts';
import type { Ports } from '../../../lib/ports.ts';
import { createSecrets } from '../../../lib/secrets/bundle.ts';
import type { SecretsBundle } from '../../../lib/secrets/secrets-bundle.ts';
import { referenceCluster, testMachine } from '../plan/reference-cluster.ts';

/** 25 November 2026, noon UTC. */
export const NOW = 1_795_608_000;
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** Real files, programs and randomness; a clock that stands at `seconds`. */
export function portsAt(seconds: number = NOW): Ports {
  return { ...nodePorts(), clock: { nowSeconds: () => seconds } };
}

/** The reference topology with everything an API server certificate can name. */
export function externalCluster(changes: Partial<Cluster['pki']> = {}): Cluster {
  const cluster = referenceCluster();
  return {
    ...cluster,
    controlPlane: { ...cluster.controlPlane, certSANs: ['api.example.com', '203.0.113.7', '2001:db8::7'] },
    pki: { ...cluster.pki, ...changes },
  };
}

/** One machine that is everything but a worker; no virtual IP, an endpoint with a name. */
export function stackedCluster(changes: Partial<Cluster['pki']> = {}): Cluster {
  const cluster = referenceCluster();
  return {
    ...cluster,
    name: 'single',
    controlPlane: { ...cluster.controlPlane, endpoint: { host: 'api.example.com', port: 6443 }, vip: null },
    etcd: { ...cluster.etcd, topology: 'stacked' },
    pki: { ...cluster.pki, ...changes },
    machines: [testMachine('cp-1', 'control-plane', '10.0.0.11', { runsEtcd: true })],
  };
}

export async function testSecrets(cluster: Cluster, seconds: number = NOW): Promise<SecretsBundle> {
  return await createSecrets(cluster, portsAt(seconds));
}

/** Removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-pki-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const execFileAsync = promisify(execFile);

/** Output of a program that must succeed. */
export async function output(program: string, args: readonly string[], input = ''): Promise<string> {
  const running = execFileAsync(program, args, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  // A program may end without reading its input.
  running.child.stdin?.on('error', () => {}).end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { code, stderr, stdout } = error as { code?: unknown; stderr?: string; stdout?: string };
    if (code === 'ENOENT') throw new Error(`${program} is missing; npx node test/tools/ensure.ts unit installs it`);
    throw new Error(`${program} ${args.join(' ')} failed: ${stdout}${stderr}`);
  }
}
