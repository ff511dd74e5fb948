/**
 * A network of machines that cannot leak: private mount, PID, network, IPC and UTS namespaces without any uplink,
 * and in them one network, UTS and mount namespace per machine, with its real address, on switches of their own.
 *
 * Each machine has its own copy-on-write view of a root file system. Nothing is left when the sandbox stops, or when the
 * process that made it dies in whatever way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { oracleRoot } from '../tools/tools.ts';
import { childrenOf, innerPid } from './processes.ts';
import {
  type RunOptions,
  type RunResult,
  type SandboxProcess,
  type StartOptions,
  startInside,
} from './sandbox-process.ts';

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
  /** Takes the machine's cable out of the switch, or puts it back; its interface notices nothing. */
  cable(machine: string, state: 'cut' | 'mend', interfaceName?: string): Promise<void>;
  /** Ends every process inside; nothing remains. */
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('sandbox.sh', import.meta.url));
const NAMESPACES = ['--mount', '--pid', '--net', '--ipc', '--uts', '--mount-proc', '--propagation', 'private'];

interface Port {
  readonly name: string;
  readonly network: number;
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
    ['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, '--fork', '--kill-child=KILL', 'sh', SCRIPT, 'init'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
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
    refuseOwnNetwork(first);
    const holders = new Map<string, number>();
    const ports = new Map<string, Port>();
    const networks: Record<string, string> = { nodes: options.subnet, ...options.networks };
    const names = Object.keys(networks);
    for (const index of names.keys()) await ask.request(['network', String(index)]);
    for (const machine of options.machines) {
      const binds = Object.entries(machine.binds ?? {}).flatMap(([to, from]) => [from, to]);
      const inner = Number(await ask.request(['machine', machine.name, options.root ?? oracleRoot(), ...binds]));
      const holder = childrenOf(first).find((pid) => innerPid(pid) === inner);
      if (holder === undefined) throw new Error(`${machine.name} is gone`);
      holders.set(machine.name, holder);
      const nodeLink: SandboxLink = {
        network: 'nodes',
        address: machine.address,
        ...(machine.mac && { mac: machine.mac }),
      };
      for (const [index, link] of [nodeLink, ...(machine.links ?? [])].entries()) {
        const network = names.indexOf(link.network);
        if (network < 0) throw new Error(`${machine.name}: no network is called ${link.network}`);
        const interfaceName = link.interfaceName ?? `eth${index}`;
        const port = { name: `v${ports.size}`, network };
        const address = `${link.address}/${networks[link.network]?.split('/')[1]}`;
        const mac = link.mac ?? macOf(link.address);
        await ask.request(['link', machine.name, String(network), interfaceName, address, mac, port.name]);
        ports.set(`${machine.name} ${interfaceName}`, port);
      }
      if (machine.gateway !== undefined) await ask.request(['gateway', machine.name, machine.gateway]);
    }
    const holder = (machine: string): number => {
      const pid = holders.get(machine);
      if (pid === undefined) throw new Error(`no machine is called ${machine}`);
      return pid;
    };
    return {
      holder,
      stop,
      hostPath: (machine, path) => `/proc/${holder(machine)}/root${path}`,
      start: async (machine, argv, startOptions) => await startInside(holder(machine), argv, startOptions ?? {}),
      run: async (machine, argv, runOptions = {}) => {
        const started = await startInside(holder(machine), argv, runOptions);
        return await started.result(runOptions.timeoutMs ?? 30_000);
      },
      cable: async (machine, state, interfaceName = 'eth0') => {
        const port = ports.get(`${machine} ${interfaceName}`);
        if (port === undefined) throw new Error(`${machine} has no ${interfaceName}`);
        await ask.request(['port', port.name, String(port.network), state]);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Requests {
  readonly ready: Promise<unknown>;
  request(words: readonly string[]): Promise<string>;
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
      if (line.startsWith('ok')) return line.slice(3);
      throw new Error(line);
    },
  };
}

/** The last line of defence: nothing is ever run in the network of the machine itself. */
function refuseOwnNetwork(pid: number): void {
  const own = readlinkSync('/proc/self/ns/net');
  if (readlinkSync(`/proc/${pid}/ns/net`) === own) throw new Error('the sandbox shares our network: refused');
  const links = readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2).filter(Boolean);
  if (links.some((line) => line.trim().split(':')[0] !== 'lo')) throw new Error('the sandbox has an uplink: refused');
}

/** `52:54:` and the four numbers of the address: the same on every run, and readable in a trace. */
function macOf(address: string): string {
  const numbers = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `52:54:${numbers.join(':')}`;
}
