import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelwayError } from '../errors.ts';
import { complaintOf, type RunOptions, type RunResult, runInside, startInside } from './enter.ts';
import { childrenOf, identify, innerPid, isAlive, type ProcessId } from './processes.ts';
import { isRunning, type LabState, type MachineState, readState, writeState } from './state.ts';

/** A running lab. */
export interface Lab {
  readonly state: LabState;
  /** Runs a program on a machine to its end. A failing program is an answer, not an exception. */
  run(machine: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs a program on a machine with our own standard input and output. */
  attach(machine: string, argv: readonly string[]): Promise<number>;
  /** kubectl on the client machine, as the operator, through the cluster's endpoint. Throws when it fails. */
  kubectl(args: readonly string[], options?: RunOptions): Promise<string>;
  /** A power cut: everything of the machine ends at once, its disks stay. */
  kill(machine: string): Promise<void>;
  /** Switches a machine on that is off. */
  start(machine: string): Promise<void>;
  /** Takes the machine's cable out of the switch; its interface notices nothing. */
  cut(machine: string): Promise<void>;
  mend(machine: string): Promise<void>;
  /** The path by which this host reaches a file of a machine that is on. */
  hostPath(machine: string, path: string): string;
  /** Folder of a machine's disk on this host: `etcd`, `containerd`, `kubelet`, or `upper`, what was written to its root. */
  diskPath(machine: string, disk: string): string;
  /** Host PID of the process whose namespaces are the machine's. Throws when it is off. */
  leader(machine: string): number;
  /** True while the machine is on. */
  isOn(machine: string): boolean;
  /** Notes when something was reached. */
  mark(name: string, milliseconds: number): void;
}

/** The lab whose runtime folder this is. */
export function labOf(folder: string, initial: LabState): Lab {
  let state = initial;

  const find = (name: string): MachineState => {
    const machine = state.machines.find((each) => each.name === name);
    if (machine !== undefined) return machine;
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: `the lab ${state.name} has no machine called ${name}`,
      hint: `it has ${state.machines.map((each) => each.name).join(', ')}`,
    });
  };

  /** The first process of the machine, whose namespaces are the machine's: systemd, or one that only holds them. */
  const leaderOf = (name: string): number | null => {
    const machine = find(name);
    if (machine.process === null || !isAlive(machine.process)) return null;
    return childrenOf(machine.process.pid).find((pid) => innerPid(pid) === 1) ?? null;
  };

  const requireLeader = (name: string): number => {
    const leader = leaderOf(name);
    if (leader !== null) return leader;
    throw new KeelwayError({ code: 'LAB_FAILED', message: `${name} is off` });
  };

  /** A machine that has just been switched on takes a moment. */
  const awaitLeader = async (name: string): Promise<number> => {
    const { process } = find(name);
    for (let tries = 0; tries < 400 && process !== null && isAlive(process); tries += 1) {
      const leader = leaderOf(name);
      if (leader !== null) return leader;
      await sleep(25);
    }
    return requireLeader(name);
  };

  const note = (name: string, process: ProcessId | null): void => {
    // Another command may have changed what is noted of other machines.
    state = readState(folder) ?? state;
    state = { ...state, machines: state.machines.map((each) => (each.name === name ? { ...each, process } : each)) };
    writeState(folder, state);
  };

  const inside = async (argv: readonly string[], log = 'lab.log'): Promise<void> => {
    const path = join(folder, log);
    const file = openSync(path, 'a', 0o600);
    try {
      const result = await runInside(state.init.pid, ['sh', '/run/lab.sh', ...argv], { stdio: ['ignore', file, file] });
      if (result.exitCode !== 0) {
        const last = readFileSync(path, 'utf8').trim().split('\n').at(-1);
        throw new KeelwayError({ code: 'LAB_FAILED', message: `${argv.slice(0, 2).join(' ')} failed: ${last}` });
      }
    } finally {
      closeSync(file);
    }
  };

  const noteProcess = async (name: string): Promise<void> => {
    const inner = Number(readFileSync(`/proc/${state.init.pid}/root/run/machines/${name}/pid`, 'utf8'));
    for (let tries = 0; tries < 200; tries += 1) {
      const pid = childrenOf(state.init.pid).find((each) => innerPid(each) === inner);
      const process = pid === undefined ? null : identify(pid);
      if (process !== null) {
        note(name, process);
        return;
      }
      await sleep(25);
    }
    throw new KeelwayError({
      code: 'LAB_FAILED',
      message: `${name} ended at once: ${readFileSync(join(folder, `${name}.log`), 'utf8').trim()}`,
    });
  };

  const run = async (machine: string, argv: readonly string[], options?: RunOptions): Promise<RunResult> =>
    await runInside(await awaitLeader(machine), argv, options);

  const start = async (name: string): Promise<void> => {
    const machine = find(name);
    if (leaderOf(name) !== null) return;
    const disks = join(state.disks, name);
    await inside(['fresh_network', name]);
    for (const cable of machine.cables) {
      await inside(['plug', name, cable.switch, cable.interface, cable.mac, cable.port]);
    }
    await inside(['root', name, disks, machine.layers.join(':')]);
    if (machine.kind === 'system') {
      const groups = state.groups.map((group) => join(group, name));
      await inside(['clear_groups', ...groups]);
      await inside(['boot', name, groups.join(':'), ...nspawn(state, machine, disks)], `${name}.log`);
      await noteProcess(name);
      return;
    }
    await inside(['hold', name], `${name}.log`);
    await noteProcess(name);
    for (const { address, interface: device } of machine.cables) {
      if (address !== null) await check(run, name, ['ip', 'address', 'add', address, 'dev', device]);
      await check(run, name, ['ip', 'link', 'set', device, 'up']);
    }
    if (machine.gateway !== null) await check(run, name, ['ip', 'route', 'add', 'default', 'via', machine.gateway]);
    for (const service of machine.services) await check(run, name, service);
  };

  const cable = async (name: string, to: 'cut' | 'mend'): Promise<void> => {
    for (const each of find(name).cables) await inside(['cable', each.port, each.switch, to]);
  };

  const kill = async (name: string): Promise<void> => {
    const machine = find(name);
    const leader = leaderOf(name);
    // First of all: a machine without power says no last word.
    if (machine.process !== null) await cable(name, 'cut');
    for (const pid of [leader, machine.process?.pid ?? null]) {
      if (pid === null || identify(pid) === null) continue;
      if (machine.process === null || !isAlive(machine.process)) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended this instant.
      }
    }
    for (let tries = 0; tries < 400 && machine.process !== null && isAlive(machine.process); tries += 1)
      await sleep(25);
    for (let tries = 0; tries < 400 && leader !== null && identify(leader) !== null; tries += 1) await sleep(25);
    note(name, null);
    await inside(['no_network', name]);
  };

  return {
    get state() {
      return state;
    },
    run,
    start,
    kill,
    attach: async (machine, argv) => {
      const term = process.env.TERM;
      const options = { stdio: 'inherit', ...(term === undefined ? {} : { env: { TERM: term } }) } as const;
      return (await (await startInside(await awaitLeader(machine), argv, options)).end()).exitCode;
    },
    kubectl: async (args, options) => {
      const result = await run('client', ['kubectl', ...args], options);
      if (result.exitCode === 0) return result.stdout;
      throw new KeelwayError({ code: 'LAB_FAILED', message: `kubectl ${args.join(' ')}: ${complaintOf(result)}` });
    },
    cut: async (machine) => await cable(machine, 'cut'),
    mend: async (machine) => await cable(machine, 'mend'),
    hostPath: (machine, path) => `/proc/${requireLeader(machine)}/root${path}`,
    diskPath: (machine, disk) => {
      find(machine);
      return join(state.disks, machine, disk);
    },
    leader: requireLeader,
    isOn: (machine) => leaderOf(machine) !== null,
    mark: (name, milliseconds) => {
      state = readState(folder) ?? state;
      state = { ...state, timeline: { ...state.timeline, [name]: milliseconds } };
      writeState(folder, state);
    },
  };
}

async function check(run: Lab['run'], machine: string, argv: readonly string[]): Promise<void> {
  const result = await run(machine, argv);
  if (result.exitCode === 0) return;
  throw new KeelwayError({ code: 'LAB_FAILED', message: `${machine}: ${argv.join(' ')}: ${complaintOf(result)}` });
}

/**
 * The command that boots a machine. Its host name is not given: it comes with the seed.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd-nspawn.html
 */
function nspawn(state: LabState, machine: MachineState, disks: string): readonly string[] {
  return [
    'env',
    // /proc/sys/net is the machine's own. A writable /sys would make networkd wait for udev, which no container has.
    'SYSTEMD_NSPAWN_API_VFS_WRITABLE=network',
    'SYSTEMD_SECCOMP=0',
    state.nspawn,
    '--register=no',
    '--keep-unit',
    '--settings=no',
    `--directory=/run/machines/${machine.name}/root`,
    `--network-namespace-path=/run/netns/${machine.name}`,
    `--machine=${machine.name}`,
    '--hostname=localhost',
    '--capability=all',
    '--drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_BOOT',
    '--private-users=no',
    '--system-call-filter=@known',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    ...['/dev/kmsg', '/dev/fuse'].filter((path) => existsSync(path)).map((path) => `--bind=${path}`),
    ...machine.disks.map((disk) => `--bind=${join(disks, disk.name)}:${disk.path}`),
    '--boot',
    '--console=pipe',
  ];
}

/**
 * Finds a running lab.
 *
 * @throws {@link KeelwayError} `LAB_NOT_FOUND` when there is none of this name.
 */
export function openLab(folder: string, name: string): Lab {
  const state = readState(folder);
  if (isRunning(state)) return labOf(folder, state);
  throw new KeelwayError({
    code: 'LAB_NOT_FOUND',
    message: `no lab called ${name} is running`,
    hint: 'start one: keelway lab up cluster.yaml --programs DIR',
  });
}
