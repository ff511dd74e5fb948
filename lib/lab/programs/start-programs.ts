import { parse } from 'yaml';
import { ETCD_UNIT } from '../../components/etcd.ts';
import { MOUNT_CHECK_VARIABLE } from '../../components/etcd-guard.ts';
import { STATIC_POD_DIRECTORY } from '../../components/static-pod.ts';
import { KeelwayError } from '../../errors.ts';
import { type ProgramName, programPath } from '../../model/programs.ts';
import type { ClusterPlan } from '../../plan/cluster-plan.ts';
import type { MachinePlan } from '../../plan/machine-plan.ts';
import type { LabProgram } from './lab-program.ts';
import { placePlan } from './place-plan.ts';
import { podSettings } from './pod-settings.ts';
import type { ProgramHost } from './program-host.ts';
import { runPod } from './run-pod.ts';
import { runUnit } from './run-unit.ts';
import { unitSettings } from './unit-settings.ts';

/** Where a machine of the lab has the programs of container images, by name. */
export const IMAGE_FOLDER = '/run/keelway-lab-images';

export const IMAGE_PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-vip'] as const;

/** Programs that a machine of the tier has from the folder of the user; the rest is of the root file system. */
export const MACHINE_PROGRAMS: readonly ProgramName[] = ['etcd', 'etcdctl', 'etcdutl', 'kubectl'];

/**
 * What the tier starts, in this order. What needs a system underneath (kubelet, containerd, kube-proxy, disks, clock) is
 * for the tier of whole machines.
 */
const UNITS: readonly string[] = [
  'keelway-seed.service',
  'keelway-firewall.service',
  'keelway-kubelet-cert.service',
  ETCD_UNIT,
  'bird.service',
  'keelway-api-balancer.service',
  'keelway-vip-watch.service',
];

/** Started by a timer on a machine. */
const BOOTSTRAP_UNIT = 'keelway-bootstrap.service';
const BOOTSTRAP_PERIOD_MS = 10 * 60_000;

/** Why the lab is not quite a machine, and what it sets therefore. The only difference to what was rendered. */
const LAB_ENVIRONMENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // The data directory is not on a disk of its own.
  [ETCD_UNIT]: { [MOUNT_CHECK_VARIABLE]: 'skip' },
};

/** The longest pause between restarts of a container, by the kubelet's own default. */
const DEFAULT_MAX_PAUSE_MS = 300_000;

export interface StartProgramsOptions {
  readonly plan: Pick<ClusterPlan, 'machines'>;
  readonly host: ProgramHost;
  /** Output of every program as it comes. */
  readonly logs?: (machine: string, program: string, text: string) => void;
  /** Programs that are placed but not started; by name, on every machine. */
  readonly leaveOut?: readonly string[];
  /** Told of all machines when everything is in its place and nothing has been started. */
  readonly placed?: (machines: readonly MachinePrograms[]) => void;
}

/** One machine of the tier. */
export interface MachinePrograms {
  readonly name: string;
  readonly programs: readonly LabProgram[];
  /** @throws RangeError when the machine has none of this name. */
  program(name: string): LabProgram;
  /** Starts everything, as after a boot: with an empty /run; resolves when all have been started once. */
  start(): Promise<void>;
  /** Ends everything at once, as when the power goes. */
  kill(): Promise<void>;
}

/** The running programs of a cluster. */
export interface LabPrograms {
  readonly machines: readonly MachinePrograms[];
  /** @throws RangeError when there is no such machine or program. */
  program(machine: string, name: string): LabProgram;
  machine(name: string): MachinePrograms;
  stop(): Promise<void>;
}

/**
 * The programs that a machine needs beside its root file system, for whoever makes the machine.
 *
 * @param find - Path of a program by name; it may throw for one that is missing.
 * @returns Path on the machine to what is shown there.
 */
export function programBinds(plan: MachinePlan, find: (name: string) => string): Readonly<Record<string, string>> {
  const { machine } = plan;
  const needed: [string, string][] = [];
  for (const name of MACHINE_PROGRAMS) {
    if (name === 'kubectl' ? machine.role === 'control-plane' : machine.runsEtcd) {
      needed.push([programPath(machine.os, name), name]);
    }
  }
  const pods = podFiles(plan).map(({ contents }) => podSettings(contents).program);
  for (const name of IMAGE_PROGRAMS) if (pods.includes(name)) needed.push([`${IMAGE_FOLDER}/${name}`, name]);
  return Object.fromEntries(needed.map(([path, name]) => [path, find(name)]));
}

/**
 * Puts everything that was planned onto the machines of a lab and runs etcd, the static pods, BIRD and what is around them
 * with exactly the rendered command lines, files, modes and environment.
 *
 * Returns when every program has been started, long before the cluster is ready. Nothing needs an order: machines wait for
 * each other as they do in the rack.
 *
 * @throws {@link KeelwayError} `LAB_FAILED` with the words of what failed.
 */
export async function startPrograms(options: StartProgramsOptions): Promise<LabPrograms> {
  const machines = await Promise.all(options.plan.machines.map((plan) => prepareMachine(plan, options)));
  options.placed?.(machines);
  await Promise.all(machines.map((machine) => machine.start()));
  const machine = (name: string): MachinePrograms => found(machines, name, 'machine');
  return {
    machines,
    machine,
    program: (name, program) => machine(name).program(program),
    stop: async () => {
      await Promise.all(machines.map((each) => each.kill()));
    },
  };
}

async function prepareMachine(plan: MachinePlan, options: StartProgramsOptions): Promise<MachinePrograms> {
  const { host, leaveOut = [] } = options;
  const { name } = plan.machine;
  await placePlan(host, plan);
  const listener = (program: string) => (text: string) => options.logs?.(name, program, text);
  const wanted = (program: string): boolean => !leaveOut.includes(program);
  const unit = (unitName: string): LabProgram[] => {
    const planned = plan.units.find((each) => each.name === unitName);
    if (planned?.contents == null || planned.masked || !wanted(unitName)) return [];
    const read = unitSettings(unitName, [planned.contents, ...planned.dropIns.map(({ contents }) => contents)]);
    return [runUnit(host, name, read, LAB_ENVIRONMENT[unitName] ?? {}, listener(unitName))];
  };
  const maxPauseMs = restartPauseMs(plan);
  const pods = podFiles(plan)
    .map(({ contents }) => podSettings(contents))
    .filter((pod) => wanted(pod.name))
    .map((pod) =>
      runPod(host, name, pod, { program: `${IMAGE_FOLDER}/${pod.program}`, maxPauseMs }, listener(pod.name)),
    );
  const units = UNITS.flatMap(unit);
  const bootstrap = unit(BOOTSTRAP_UNIT);
  const programs = [...units, ...pods, ...bootstrap];
  let timer: NodeJS.Timeout | undefined;
  return {
    name,
    programs,
    program: (program) => found(programs, program, 'program'),
    async start() {
      await applyKernelSettings(host, name);
      for (const program of units) {
        await program.start();
        if (program.state() === 'failed') throw failure(name, program);
      }
      await Promise.all(pods.map((pod) => pod.start()));
      const look = (): void => {
        for (const program of bootstrap) program.start().catch(() => {});
      };
      look();
      timer = setInterval(look, BOOTSTRAP_PERIOD_MS).unref();
    },
    async kill() {
      clearInterval(timer);
      await Promise.all(programs.map((program) => program.stop('SIGKILL')));
    },
  };
}

function podFiles(plan: MachinePlan): MachinePlan['files'] {
  return plan.files.filter(({ path }) => path.startsWith(`${STATIC_POD_DIRECTORY}/`));
}

/** Those of the machine's own network; the others are settings of the kernel that the host shares. */
async function applyKernelSettings(host: ProgramHost, machine: string): Promise<void> {
  await host.run(machine, ['/usr/lib/systemd/systemd-sysctl', '--prefix=/net']);
}

/** How long the kubelet of this machine would wait at most. */
function restartPauseMs(plan: MachinePlan): number {
  const text = plan.files.find(({ path }) => path === '/etc/kubernetes/kubelet/config.yaml')?.contents;
  const config =
    text === undefined ? null : (parse(text) as { crashLoopBackOff?: { maxContainerRestartPeriod: string } });
  const seconds = /^(\d+)s$/.exec(config?.crashLoopBackOff?.maxContainerRestartPeriod ?? '')?.[1];
  return seconds === undefined ? DEFAULT_MAX_PAUSE_MS : Number(seconds) * 1000;
}

function failure(machine: string, program: LabProgram): KeelwayError {
  const last = program.log().trim().split('\n').slice(-5).join('\n');
  return new KeelwayError({ code: 'LAB_FAILED', message: `${program.name} of ${machine} failed:\n${last}` });
}

function found<T extends { readonly name: string }>(all: readonly T[], name: string, what: string): T {
  const one = all.find((each) => each.name === name);
  if (one === undefined) throw new RangeError(`no ${what} is called ${name}`);
  return one;
}
