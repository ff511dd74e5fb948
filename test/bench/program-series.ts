import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterFolder, environmentOf, exampleFile, largeClusterFile, PROGRAM } from './fixture.ts';
import type { Job, Meter } from './measure.ts';
import type { Series } from './series.ts';

const LARGE = 100;

/**
 * The program in a process of its own, beside Node that does nothing.
 *
 * A first build starts without kept certificates and without output: it issues every one and writes every file.
 */
export async function programSeries(scratch: string, meter: Meter): Promise<readonly Series[]> {
  const reference = readFileSync(exampleFile('ha'), 'utf8');
  const small = clusterFolder(scratch, 'ha', reference);
  const large = clusterFolder(scratch, 'large', largeClusterFile(reference, LARGE));
  for (const folder of [small, large]) await meter.run(keelway(folder, ['secrets', 'create']));
  // Also fills the compile cache, as the first run of a new version does for a user.
  for (const folder of [small, large]) await meter.run(keelway(folder, ['build']));
  const cpuOf = async (job: Job) => (await meter.run(job)).cpuMs;
  const bare: Job = { argv: [process.execPath, '-e', '0'], cwd: small, env: environmentOf(small) };
  const firstBuild =
    (folder: string, env: Record<string, string> = {}) =>
    () => {
      rmSync(join(folder, 'secrets.yaml.leaves'), { recursive: true });
      rmSync(join(folder, 'build'), { recursive: true });
      return cpuOf(keelway(folder, ['build'], env));
    };
  return [
    { id: 'node', command: 'node -e 0', unit: 'ms', measure: () => cpuOf(bare) },
    {
      id: 'version',
      command: 'keelway --version',
      unit: 'ms',
      measure: () => cpuOf(keelway(small, ['--version'])),
    },
    {
      id: 'build',
      command: 'keelway build, 8 machines, every certificate issued',
      unit: 'ms',
      measure: firstBuild(small),
    },
    {
      id: 'again',
      command: 'keelway build, 8 machines, nothing changed',
      unit: 'ms',
      measure: () => cpuOf(keelway(small, ['build'])),
    },
    {
      id: 'uncached',
      command: 'keelway build, 8 machines, every certificate issued, without the compile cache',
      unit: 'ms',
      measure: firstBuild(small, { NODE_DISABLE_COMPILE_CACHE: '1' }),
    },
    {
      id: 'large',
      command: `keelway build, ${LARGE} machines, every certificate issued`,
      unit: 'ms',
      measure: firstBuild(large),
    },
  ];
}

function keelway(folder: string, args: readonly string[], env: Record<string, string> = {}): Job {
  return {
    argv: [process.execPath, PROGRAM, ...args],
    cwd: folder,
    env: { ...environmentOf(folder), ...env },
  };
}
