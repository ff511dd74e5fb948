import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelwayError } from '../errors.ts';
import { removeControlGroups, sweepControlGroups } from './control-groups.ts';
import { runInside } from './enter.ts';
import { raiseHostSettings, restoreHostSettings } from './host-settings.ts';
import { type Lab, labOf } from './lab.ts';
import type { LabTier } from './lab-plan.ts';
import { makeMachineFolder, makeProgramsLayer } from './machine-folders.ts';
import { type LabInput, labMachines } from './machine-plans.ts';
import { startNamespaces } from './namespaces.ts';
import { identify, isAlive } from './processes.ts';
import type { ProgramsFolder } from './programs-folder.ts';
import { checkedName, isRunning, labDisks, labNames, RUNTIME_ROOT, readState, writeState } from './state.ts';

export interface StartOptions extends LabInput {
  readonly programs: ProgramsFolder;
  /** Default `machines`. With `programs` this process is the lab's supervisor: it ends with us. */
  readonly tier?: LabTier;
  /** Default: the cluster's. Labs with different names run side by side. */
  readonly name?: string;
  readonly clusterFile?: string | null;
  readonly nowSeconds: number;
  /** The kernel ends the lab when this process ends; for tests. */
  readonly diesWithUs?: boolean;
  /** False: nothing is switched on yet. */
  readonly powerOn?: boolean;
}

/** The runtime folder of the lab with this name: its state and logs, for root only. */
export function labFolder(name: string): string {
  return join(RUNTIME_ROOT, checkedName(name));
}

/** The operator's kubeconfig of a running lab. */
export function kubeconfigPath(name: string): string {
  return join(labFolder(name), 'kubeconfig');
}

/**
 * Makes a lab and switches its machines on; does not wait for them.
 *
 * What labs of dead supervisors have left is removed first.
 *
 * @throws {@link KeelwayError} `LAB_EXISTS`, or `LAB_FAILED`; nothing is left then.
 */
export async function startLab(options: StartOptions): Promise<Lab> {
  const name = options.name ?? options.cluster.name;
  const folder = labFolder(name);
  if (isRunning(readState(folder))) {
    throw new KeelwayError({
      code: 'LAB_EXISTS',
      message: `a lab called ${name} is running`,
      hint: `end it first: keelway lab down ${name}`,
    });
  }
  await sweep();
  const disks = labDisks(name);
  rmSync(folder, { recursive: true, force: true });
  rmSync(disks, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(disks, { recursive: true, mode: 0o700 });
  writeFileSync(kubeconfigPath(name), options.kubeconfig, { mode: 0o600 });
  const shared = [makeProgramsLayer(disks, options.programs), options.programs.root];
  const tier = options.tier ?? 'machines';
  const machines = labMachines(options, options.programs, tier);
  const layers = machines.map((machine) => [makeMachineFolder(disks, machine), ...shared]);
  const { host, port } = options.cluster.controlPlane.endpoint;
  raiseHostSettings();
  const namespaces = await startNamespaces(folder, options.diesWithUs ?? tier === 'programs');
  const ourselves = tier === 'programs' ? identify(process.pid) : null;
  const state = {
    name,
    tier,
    clusterName: options.cluster.name,
    endpoint: `${host}:${port}`,
    clusterFile: options.clusterFile ?? null,
    ...namespaces,
    supervisor: ourselves ?? namespaces.supervisor,
    disks,
    nspawn: options.programs.nspawn,
    createdSeconds: options.nowSeconds,
    machines: machines.map(({ name: machine, kind, role, cables, gateway, services, disks: own }, index) => {
      return {
        name: machine,
        kind,
        role,
        cables,
        gateway,
        services,
        disks: own,
        layers: layers[index] ?? [],
        process: null,
      };
    }),
    timeline: {},
  };
  writeState(folder, state);
  const lab = labOf(folder, state);
  try {
    for (const network of ['nodes', 'outside']) {
      await runInside(state.init.pid, ['sh', '/run/lab.sh', 'network', network]);
    }
    if (options.powerOn ?? true) {
      // The lab's own machines first: the others find their router.
      for (const { name: machine, kind } of machines.toSorted((a, b) => a.kind.localeCompare(b.kind))) {
        if (kind === 'plain') await lab.start(machine);
      }
      for (const { name: machine, kind } of machines) {
        if (kind !== 'plain') await lab.start(machine);
      }
    }
  } catch (error) {
    await stopLab(name);
    throw error;
  }
  return lab;
}

/**
 * Ends a lab and removes everything of it; nothing happens when there is none.
 *
 * @returns False when there was none.
 */
export async function stopLab(name: string): Promise<boolean> {
  const folder = labFolder(name);
  const state = readState(folder);
  if (state !== null && isAlive(state.supervisor)) {
    // When we are the supervisor ourselves, the lab ends with its first process.
    const owner = state.supervisor.pid === process.pid ? state.init : state.supervisor;
    process.kill(owner.pid, 'SIGKILL');
  }
  // Nothing inside outlives the first process.
  for (let tries = 0; tries < 400 && state !== null && isAlive(state.init); tries += 1) await sleep(25);
  if (state !== null) await removeControlGroups(state.groups);
  rmSync(folder, { recursive: true, force: true });
  rmSync(labDisks(name), { recursive: true, force: true });
  if (!labNames().some((other) => isRunning(readState(labFolder(other))))) restoreHostSettings();
  return state !== null;
}

/** Removes what labs of dead supervisors have left. */
export async function sweep(): Promise<void> {
  await sweepControlGroups();
  for (const name of labNames()) {
    const state = readState(labFolder(name));
    if (state !== null && !isRunning(state)) await stopLab(name);
  }
}
