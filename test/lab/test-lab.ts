/** A lab for tests: an example's cluster with secrets of its own, up and ready; it ends with the test process. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LoadedCluster, loadCluster } from '../../lib/build/load-cluster.ts';
import { type Lab, openLab } from '../../lib/lab/lab.ts';
import { prepareLab } from '../../lib/lab/prepare-lab.ts';
import { missingOnHost, requireParts } from '../../lib/lab/prerequisites.ts';
import { readProgramsFolder, wrongVersions } from '../../lib/lab/programs-folder.ts';
import { labFolder, startLab, stopLab } from '../../lib/lab/start-lab.ts';
import { DISKS_ROOT } from '../../lib/lab/state.ts';
import { waitUntilUp } from '../../lib/lab/wait-until-up.ts';
import type { Cluster } from '../../lib/model/cluster.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import type { StartTimes } from '../support/complaints.ts';
import { labPrograms } from '../tools/lab-programs.ts';

export interface TestLab {
  readonly lab: Lab;
  readonly cluster: Cluster;
  /** The seed of each machine, as `seed.cpio`; none with a lab that was there before. */
  readonly seeds: Readonly<Record<string, Uint8Array>>;
  /** Waits for every milestone again, after a power cut for instance; returns when each was reached, in milliseconds. */
  waitUntilUp(timeoutMs?: number, startedMs?: number): Promise<Readonly<Record<string, number>>>;
  /** Of the last start that was waited for. */
  startTimes(): StartTimes;
  stop(): Promise<void>;
}

export interface TestLabOptions {
  /** Changes the text of the cluster file before it is read. */
  readonly edit?: (text: string) => string;
  /** Changes what was read, beyond what a cluster file may say. */
  readonly change?: (cluster: Cluster) => Cluster;
  /** False: machines are made but off. */
  readonly powerOn?: boolean;
  /** False: returns at once. */
  readonly wait?: boolean;
  readonly timeoutMs?: number;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/**
 * With KEELWAY_TEST_LAB=NAME it is that lab, which runs already and goes on, for the person who writes a test.
 *
 * @param example - Folder below `examples/`.
 */
export async function startTestLab(example: string, options: TestLabOptions = {}): Promise<TestLab> {
  const asWritten = loadExample(example, options.edit);
  const cluster = options.change?.(asWritten.cluster) ?? asWritten.cluster;
  const loaded = { ...asWritten, cluster };
  const running = process.env.KEELWAY_TEST_LAB;
  if (running !== undefined) return testLabOf(openLab(labFolder(running), running), cluster, {}, async () => {});
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
  const up = testLabOf(lab, cluster, prepared.seeds, async () => {
    await stopLab(name);
  });
  try {
    if ((options.wait ?? true) && (options.powerOn ?? true)) await up.waitUntilUp(options.timeoutMs, startedMs);
  } catch (error) {
    await up.stop();
    throw error;
  }
  return up;
}

function testLabOf(lab: Lab, cluster: Cluster, seeds: TestLab['seeds'], stop: TestLab['stop']): TestLab {
  // Of a lab that was there before, roughly.
  let start = { startedMs: lab.state.createdSeconds * 1000, timeline: lab.state.timeline };
  const wait: TestLab['waitUntilUp'] = async (timeoutMs = 500_000, startedMs = performance.now()) => {
    const timeline: Record<string, number> = {};
    await waitUntilUp(lab, cluster, {
      timeoutMs,
      now: () => performance.now(),
      startedMs,
      reached: (milestone, milliseconds) => {
        timeline[milestone] = milliseconds;
      },
    });
    start = { startedMs: performance.timeOrigin + startedMs, timeline };
    return timeline;
  };
  const startTimes = (): StartTimes => {
    const at = (milestone: string): number => {
      const milliseconds = start.timeline[milestone];
      if (milliseconds === undefined) throw new Error(`the lab has not reached: ${milestone}`);
      return start.startedMs + milliseconds;
    };
    return { poweredOnMs: start.startedMs, apiReadyMs: at('API ready'), upMs: at('machines settled') };
  };
  return { lab, cluster, seeds, stop, waitUntilUp: wait, startTimes };
}

function loadExample(example: string, edit: (text: string) => string = (text) => text): LoadedCluster {
  const folder = `${REPOSITORY}/examples/${example}`;
  const path = `${folder}/cluster.yaml`;
  const text = new TextEncoder().encode(edit(readFileSync(path, 'utf8')));
  return loadCluster({ name: path, path, folder, text });
}
