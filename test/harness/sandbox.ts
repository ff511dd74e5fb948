/**
 * A network of machines that cannot leak: private mount, PID, network, IPC and UTS namespaces without any uplink,
 * and in them one network, UTS, PID and mount namespace per machine, with its real address, on switches of their own.
 *
 * Each machine has its own copy-on-write view of a root file system. Nothing is left when the sandbox stops, or when the
 * process that made it dies in whatever way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInside } from '../../lib/lab/enter.ts';
import { LAB_ENVIRONMENT, refuseOwnNetwork } from '../../lib/lab/namespaces.ts';
import { childrenOf, identify, innerPid } from '../../lib/lab/processes.ts';
import { oracleRoot } from '../tools/tools.ts';
import {
  accountOf,
  type RunOptions,
  type RunResult,
  type SandboxProcess,
  type StartOptions,
  startProgram,
} from './sandbox-process.ts';
import { SANDBOX_SCRIPT } from './sandbox-script.ts';

export interface SandboxLink {
  /** Name of a network of the sandbox; `nodes` is the one of `subnet`. */
  readonly network: string;
  /** Dotted IPv4 without prefix length. */
  readonly address: string;
  readonly interfaceName?: string;
  readonly mac?: string;
}

export interface SandboxMachine {
  readonly name: string;
  /** Its address in `nodes`, on eth0. */
  readonly address: string;
  readonly mac?: string;
  /** Default route; none without it. */
  readonly gateway?: string;
  /** Further interfaces: eth1, eth2, ... unless named. */
  readonly links?: readonly SandboxLink[];
  /** Path inside to the host file or folder that is shown there, for instance `/usr/local/bin/etcd`. */
  readonly binds?: Readonly<Record<string, string>>;
}

export interface SandboxOptions {
  /** Of the network `nodes`: `10.0.0.0/24`. */
  readonly subnet: string;
  /** Further networks by name. */
  readonly networks?: Readonly<Record<string, string>>;
  readonly machines: readonly SandboxMachine[];
  /** Root file system under every machine, never written to; the trixie root by default. */
  readonly root?: string;
}

export interface Sandbox {
  /** Runs a program on a machine to its end. A failing program is an answer, not an exception. */
  run(machine: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a program on a machine and leaves it running. */
  start(machine: string, argv: readonly string[], options?: StartOptions): Promise<SandboxProcess>;
  /** The path by which the host reaches a file of a machine, mounts included. */
  hostPath(machine: string, path: string): string;
  /** Host PID of the process that holds the machine's namespaces. */
  holder(machine: string): number;
  /** A power cut: everything of the machine ends at once; what was written to its root stays. */
  powerOff(machine: string): Promise<void>;
  /** The machine again, with a network, processes and a /run of its own that are new. */
  powerOn(machine: string): Promise<void>;
  /** Takes the machine's cable out of the switch, or puts it back; its interface notices nothing. */
  cable(machine: string, state: 'cut' | 'mend', interfaceName?: string): Promise<void>;
  /** Ends every process inside; nothing remains. */
  stop(): Promise<void>;
}

/** Tests of disks need them. */
const LOOP_DEVICES = readdirSync('/dev')
  .filter((name) => name.startsWith('loop'))
  .map((name) => `/dev/${name}`);

const NAMESPACES = ['--mount', '--pid', '--net', '--ipc', '--uts', '--mount-proc', '--propagation', 'private'];

interface Cable {
  readonly interfaceName: string;
  readonly mac: string;
  /** With prefix length. */
  readonly address: string;
  readonly port: string;
  readonly network: string;
}

/**
 * Makes the networks and machines. Needs root.
 *
 * @throws Error with the words of the command that failed; nothing is left then either.
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (process.getuid?.() !== 0) throw new Error('a sandbox needs namespaces: run the tests as root');
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, '--fork', '--kill-child=KILL'],
      ...['sh', '-c', 'eval "$SCRIPT"', 'sandbox', 'serve'],
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...LAB_ENVIRONMENT, SCRIPT: SANDBOX_SCRIPT },
    },
  );
  const ask = requests(child);
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
  };
  try {
    await ask.ready;
    const first = childrenOf(child.pid as number)[0];
    if (first === undefined) throw new Error('the sandbox ended while it was being made');
    refuseUplink(first);
    const networks: Record<string, string> = { nodes: options.subnet, ...options.networks };
    const names = Object.keys(networks);
    for (const index of names.keys()) await ask.request(['network', `n${index}`]);
    let count = 0;
    const cables = new Map<string, readonly Cable[]>();
    for (const machine of options.machines) {
      const nodeLink: SandboxLink = {
        network: 'nodes',
        address: machine.address,
        ...(machine.mac && { mac: machine.mac }),
      };
      const links = [nodeLink, ...(machine.links ?? [])].map((link, index): Cable => {
        const network = names.indexOf(link.network);
        if (network < 0) throw new Error(`${machine.name}: no network is called ${link.network}`);
        return {
          interfaceName: link.interfaceName ?? `eth${index}`,
          mac: link.mac ?? macOf(link.address),
          address: `${link.address}/${networks[link.network]?.split('/')[1]}`,
          port: `v${count++}`,
          network: `n${network}`,
        };
      });
      cables.set(machine.name, links);
    }
    const holders = new Map<string, number>();
    const find = (name: string): SandboxMachine => {
      const machine = options.machines.find((each) => each.name === name);
      if (machine === undefined) throw new Error(`no machine is called ${name}`);
      return machine;
    };
    const holder = (name: string): number => {
      const pid = holders.get(find(name).name);
      if (pid === undefined) throw new Error(`${name} is off`);
      return pid;
    };
    const powerOn = async (name: string): Promise<void> => {
      const machine = find(name);
      await ask.request(['fresh_network', name]);
      for (const { port, network, interfaceName, mac, address } of cables.get(name) ?? []) {
        await ask.request(['plug', name, network, interfaceName, mac, port]);
        await ask.request(['address', name, interfaceName, address]);
      }
      if (machine.gateway !== undefined) await ask.request(['gateway', name, machine.gateway]);
      await ask.request(['disk', name]);
      await ask.request(['root', name, `/run/machines/${name}`, options.root ?? oracleRoot()]);
      const binds = Object.entries(machine.binds ?? {}).flatMap(([to, from]) => [from, to]);
      await ask.request(['hold', name, ...binds, ...LOOP_DEVICES.flatMap((path) => [path, path])]);
      const inner = Number(readFileSync(`/proc/${first}/root/run/machines/${name}/pid`, 'utf8'));
      const owner = childrenOf(first).find((pid) => innerPid(pid) === inner);
      const leader = childrenOf(owner ?? 0).find((pid) => innerPid(pid) === 1);
      if (leader === undefined) throw new Error(`${name} is gone`);
      holders.set(name, leader);
    };
    for (const { name } of options.machines) await powerOn(name);
    return {
      holder,
      stop,
      powerOn,
      powerOff: async (name) => {
        const leader = holder(name);
        // First of all: a machine without power says no last word.
        for (const { port, network } of cables.get(name) ?? []) await ask.request(['cable', port, network, 'cut']);
        holders.delete(name);
        process.kill(leader, 'SIGKILL');
        while (identify(leader) !== null) await sleep(5);
        await ask.request(['no_network', name]);
      },
      hostPath: (machine, path) => `/proc/${holder(machine)}/root${path}`,
      start: async (machine, argv, startOptions = {}) => await startProgram(holder(machine), argv, startOptions),
      run: async (machine, argv, { user, ...runOptions } = {}) =>
        await runInside(holder(machine), argv, { ...runOptions, account: accountOf(user) }),
      cable: async (machine, state, interfaceName = 'eth0') => {
        const cable = cables.get(find(machine).name)?.find((each) => each.interfaceName === interfaceName);
        if (cable === undefined) throw new Error(`${machine} has no ${interfaceName}`);
        await ask.request(['cable', cable.port, cable.network, state]);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Requests {
  readonly ready: Promise<unknown>;
  request(words: readonly string[]): Promise<void>;
}

/** One request a line, one answer a line, in order. */
function requests(child: ChildProcess): Requests {
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  const next = (): Promise<string> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  if (child.stdout === null || child.stdin === null) throw new Error('the sandbox has no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  child.stdin.on('error', () => {});
  child.once('exit', () => {
    for (const each of waiting.splice(0)) each.reject(new Error('the sandbox ended'));
  });
  return {
    ready: next(),
    async request(words) {
      const bad = words.find((word) => !/^[\w./:=@+-]+$/.test(word));
      if (bad !== undefined) throw new Error(`not a plain word: ${bad}`);
      const answer = next();
      child.stdin?.write(`${words.join(' ')}\n`);
      const line = await answer;
      if (line !== 'ok') throw new Error(line);
    },
  };
}

/** The last line of defence: nothing of a sandbox can reach anything. */
function refuseUplink(pid: number): void {
  refuseOwnNetwork(pid);
  const links = readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2).filter(Boolean);
  if (links.some((line) => line.trim().split(':')[0] !== 'lo')) throw new Error('the sandbox has an uplink: refused');
}

/** `52:54:` and the four numbers of the address: the same on every run, and readable in a trace. */
function macOf(address: string): string {
  const numbers = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `52:54:${numbers.join(':')}`;
}
