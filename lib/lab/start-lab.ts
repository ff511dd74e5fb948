import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import { runInside } from './enter.ts';
import { withHostLock } from './host-lock.ts';
import { raiseHostSettings } from './host-settings.ts';
import { type Lab, labOf } from './lab.ts';
import { forgetMaker, isBeingMade, noteMaker } from './lab-maker.ts';
import type { LabMachine, LabTier } from './lab-plan.ts';
import { isTaken, removeLab, removeLeftovers } from './leftovers.ts';
import { makeMachineFolder, makeProgramsLayer } from './machine-folders.ts';
import { type LabInput, labMachines } from './machine-plans.ts';
import { startNamespaces } from './namespaces.ts';
import { identify } from './processes.ts';
import type { ProgramsFolder } from './programs-folder.ts';
import { checkedName, type LabState, labDisks, labFolder, type MachineState, writeState } from './state.ts';

export { labFolder } from './state.ts';

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

/** The operator's kubeconfig of a running lab. */
export function kubeconfigPath(name: string): string {
  return join(labFolder(name), 'kubeconfig');
}

/**
 * Makes a lab and switches its machines on; does not wait for them.
 *
 * What dead labs have left is removed first. When this process is killed on the way, the namespaces end with it, and its
 * files are such a rest.
 *
 * @throws {@link KeelwayError} `LAB_EXISTS`, or `LAB_FAILED`; nothing is left then.
 */
export async function startLab(options: StartOptions): Promise<Lab> {
  const name = options.name ?? options.cluster.name;
  const folder = labFolder(name);
  await withHostLock(async () => await claim(name));
  try {
    const lab = await makeLab(name, options);
    forgetMaker(folder);
    return lab;
  } catch (error) {
    await stopLab(name);
    throw error;
  }
}

/** Takes the name, and what all labs need of this host. */
async function claim(name: string): Promise<void> {
  await removeLeftovers();
  if (isTaken(name)) {
    throw new KeelwayError({
      code: 'LAB_EXISTS',
      message: `a lab called ${name} is ${isBeingMade(labFolder(name)) ? 'being made' : 'running'}`,
      hint: `end it first: keelway lab down --name ${name}`,
    });
  }
  // A folder of which nobody said whose it is.
  await removeLab(name);
  mkdirSync(labFolder(name), { recursive: true, mode: 0o700 });
  noteMaker(labFolder(name));
  raiseHostSettings();
}

async function makeLab(name: string, options: StartOptions): Promise<Lab> {
  const folder = labFolder(name);
  const disks = labDisks(name);
  mkdirSync(disks, { recursive: true, mode: 0o700 });
  writeFileSync(kubeconfigPath(name), options.kubeconfig, { mode: 0o600 });
  const shared = [makeProgramsLayer(disks, options.programs), options.programs.root];
  const tier = options.tier ?? 'machines';
  const machines = labMachines(options, options.programs, tier);
  const layers = machines.map((machine) => [makeMachineFolder(disks, machine), ...shared]);
  const { host, port } = options.cluster.controlPlane.endpoint;
  const ourselves = tier === 'programs' ? identify(process.pid) : null;
  const state = await startNamespaces(folder, options.diesWithUs ?? tier === 'programs', (namespaces) => {
    const made: LabState = {
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
      machines: machines.map((machine, index) => stateOf(machine, layers[index] ?? [])),
      timeline: {},
    };
    writeState(folder, made);
    return made;
  });
  const lab = labOf(folder, state);
  for (const network of ['nodes', 'outside']) {
    await runInside(state.init.pid, ['sh', '/run/lab.sh', 'network', network]);
  }
  if (!(options.powerOn ?? true)) return lab;
  // The lab's own machines first: the others find their router.
  for (const { name: machine, kind } of machines.toSorted((a, b) => a.kind.localeCompare(b.kind))) {
    if (kind === 'plain') await lab.start(machine);
  }
  for (const { name: machine, kind } of machines) {
    if (kind !== 'plain') await lab.start(machine);
  }
  return lab;
}

function stateOf(machine: LabMachine, layers: readonly string[]): MachineState {
  const { name, kind, role, cables, gateway, services, disks } = machine;
  return { name, kind, role, cables, gateway, services, disks, layers, process: null };
}

/**
 * Ends a lab and removes everything of it; nothing happens when there is none.
 *
 * @returns False when there was none.
 */
export async function stopLab(name: string): Promise<boolean> {
  checkedName(name);
  return await withHostLock(async () => await removeLab(name));
}

/**
 * Removes what dead labs have left.
 *
 * @returns Their names.
 */
export async function sweep(): Promise<readonly string[]> {
  return await withHostLock(removeLeftovers);
}
