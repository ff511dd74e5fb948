/** A lab for tests: an example's cluster with secrets of its own, up and ready; it ends with the test process. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LoadedCluster, loadCluster } from '../../lib/build/load-cluster.ts';
import type { Lab } from '../../lib/lab/lab.ts';
import { prepareLab } from '../../lib/lab/prepare-lab.ts';
import { missingOnHost, requireParts } from '../../lib/lab/prerequisites.ts';
import { readProgramsFolder, wrongVersions } from '../../lib/lab/programs-folder.ts';
import { startLab, stopLab } from '../../lib/lab/start-lab.ts';
import { DISKS_ROOT } from '../../lib/lab/state.ts';
import { waitUntilUp } from '../../lib/lab/wait-until-up.ts';
import type { Cluster } from '../../lib/model/cluster.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { labPrograms } from '../tools/lab-programs.ts';

export interface TestLab {
  readonly lab: Lab;
  readonly cluster: Cluster;
  /** Waits for every milestone again, after a power cut for instance; returns when each was reached, in milliseconds. */
  waitUntilUp(timeoutMs?: number): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

export interface TestLabOptions {
  /** Changes the text of the cluster file before it is read. */
  readonly edit?: (text: string) => string;
  /** False: machines are made but off. */
  readonly powerOn?: boolean;
  /** False: returns at once. */
  readonly wait?: boolean;
  readonly timeoutMs?: number;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** @param example - Folder below `examples/`. */
export async function startTestLab(example: string, options: TestLabOptions = {}): Promise<TestLab> {
  const loaded = loadExample(example, options.edit);
  const { cluster } = loaded;
  const ports = nodePorts();
  const prepared = await prepareLab(loaded, null, ports);
  const { kubernetes, kubeVip, pause } = cluster.versions;
  const folder = await labPrograms({ kubernetes, kubeVip, pause });
  const { programs, missing } = readProgramsFolder(folder, cluster, prepared.machines);
  const wrong = await wrongVersions(folder, cluster, ports.exec);
  requireParts(missingOnHost(DISKS_ROOT), [...missing, ...wrong], folder);
  const name = `test-${example}-${process.pid}`;
  const startedMs = performance.now();
  const lab = await startLab({
    ...prepared,
    programs,
    name,
    nowSeconds: ports.clock.nowSeconds(),
    diesWithUs: true,
    ...(options.powerOn === undefined ? {} : { powerOn: options.powerOn }),
  });
  const wait = async (timeoutMs: number, from: number): Promise<Record<string, number>> => {
    const timeline: Record<string, number> = {};
    await waitUntilUp(lab, cluster, {
      timeoutMs,
      now: () => performance.now(),
      startedMs: from,
      reached: (milestone, milliseconds) => {
        timeline[milestone] = milliseconds;
      },
    });
    return timeline;
  };
  const stop = async (): Promise<void> => {
    await stopLab(name);
  };
  try {
    if ((options.wait ?? true) && (options.powerOn ?? true)) await wait(options.timeoutMs ?? 300_000, startedMs);
  } catch (error) {
    await stop();
    throw error;
  }
  return { lab, cluster, stop, waitUntilUp: async (timeoutMs = 300_000) => await wait(timeoutMs, performance.now()) };
}

function loadExample(example: string, edit: (text: string) => string = (text) => text): LoadedCluster {
  const folder = `${REPOSITORY}/examples/${example}`;
  const path = `${folder}/cluster.yaml`;
  const text = new TextEncoder().encode(edit(readFileSync(path, 'utf8')));
  return loadCluster({ name: path, path, folder, text });
}
