import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Cluster } from '../../lib/model/cluster.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { createSecrets } from '../../lib/secrets/bundle.ts';
import { parseClusterSpec } from '../../lib/spec/parse.ts';
import { resolveCluster } from '../../lib/spec/resolve.ts';
import { certificateSeries } from './certificate-series.ts';
import { exampleFile } from './fixture.ts';
import { kubeadmSeries } from './kubeadm-series.ts';
import { type Meter, startMeter } from './measure.ts';
import { programSeries } from './program-series.ts';
import { renderSeries } from './render-series.ts';
import { seriesTable, targetTable, writeReport } from './report.ts';
import { mediansOf, type Samples, type Series } from './series.ts';
import { TARGETS } from './targets.ts';

const USAGE = `usage: npm run bench -- [--rounds N] [--write]

Measures Keelway beside its peers, all in one run and in turns: what counts is the ratio of CPU times, by the median of
the rounds. Exits with 1 when a target is missed.
  --rounds N   rounds (default: 15)
  --write      put the result into docs/benchmarks.md
`;

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { rounds: { type: 'string', default: '15' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const undisturbed = raisePriority();
  const scratch = mkdtempSync(join(tmpdir(), 'keelway-bench-'));
  const meter = startMeter(scratch);
  try {
    const series = await allSeries(scratch, meter);
    const rounds = Number(values.rounds);
    const samples = await measure(series, rounds);
    const medians = mediansOf(samples);
    process.stdout.write(`${seriesTable(series, samples)}\n${targetTable(TARGETS, medians)}`);
    if (values.write) writeReport({ series, targets: TARGETS, samples, rounds, undisturbed });
    return TARGETS.every(({ value, limit, isMet }) => isMet(value(medians), limit)) ? 0 : 1;
  } finally {
    meter.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Asks for real-time priority, for this process and those it starts: neighbours that interrupt a program empty the caches
 * under it, which counts as its CPU time, and more the longer it runs.
 *
 * @returns False when it may not have it.
 */
function raisePriority(): boolean {
  return spawnSync('chrt', ['--fifo', '--pid', '1', `${process.pid}`]).status === 0;
}

async function allSeries(scratch: string, meter: Meter): Promise<readonly Series[]> {
  const cluster = referenceCluster();
  const secrets = await createSecrets(cluster, nodePorts());
  return [
    ...(await programSeries(scratch, meter)),
    ...kubeadmSeries(scratch, meter),
    ...(await certificateSeries(scratch, meter, cluster, secrets)),
    ...(await renderSeries(scratch, meter, cluster, secrets)),
  ];
}

function referenceCluster(): Cluster {
  const { spec } = parseClusterSpec(readFileSync(exampleFile('ha')), { file: 'examples/ha/cluster.yaml' });
  if (spec === null) throw new Error('examples/ha/cluster.yaml has errors');
  return resolveCluster(spec).cluster;
}

/** Every series once a round, so that a busy moment of the machine falls on all of them alike. */
async function measure(series: readonly Series[], rounds: number): Promise<Samples> {
  const samples: Record<string, number[]> = Object.fromEntries(series.map(({ id }) => [id, []]));
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const { id, measure: once } of series) samples[id]?.push(await once());
  }
  return samples;
}

process.exitCode = await main(process.argv.slice(2));
