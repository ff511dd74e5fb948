import { type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_ENVIRONMENT, refuseOwnNetwork } from './namespaces.ts';
import { childrenOf, familyOf, isStopped, sessionOf } from './processes.ts';

export interface RunOptions {
  /** Added to PATH, HOME and LANG; nothing else of our environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The program, and what it started, is killed after this long; default 30 s. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** 128 + n when signal n ended the program. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** True when it was killed because it did not end in time. */
  readonly timedOut: boolean;
}

export interface EnterOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: nothing. */
  readonly input?: string;
  readonly stdio?: StdioOptions;
  /** Gets its output as it comes. */
  readonly output?: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Options of setpriv that make it another account's. */
  readonly account?: readonly string[];
  /** It opens a session, and what is left of that when it has ended is killed: as systemd does with a service. */
  readonly ownSession?: boolean;
}

/** A program that was started in the namespaces of another process. */
export interface EnteredProcess {
  /** As the host counts. */
  readonly pid: number;
  running(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended; kills it, and what it started, when time is up, if there is a limit. */
  end(timeoutMs?: number): Promise<{ readonly exitCode: number; readonly timedOut: boolean }>;
}

/** How often we look whether somebody else has stopped a program or let it go on. */
const LOOK_MS = 250;

/**
 * Starts a program in the namespaces of a process, its first or any other, whose PID namespace it joins.
 *
 * It ends when we do: each process on the way asks the kernel for that.
 */
export async function startInside(
  leader: number,
  argv: readonly string[],
  options: EnterOptions = {},
): Promise<EnteredProcess> {
  refuseOwnNetwork(leader);
  const [command = '', ...args] = enterCommand(leader, argv, options);
  const child = spawn(command, args, {
    stdio: options.stdio ?? ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: { ...LAB_ENVIRONMENT, ...options.env },
  });
  let exitCode: number | null = null;
  const ended = new Promise<number>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      exitCode ??= code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      resolve(exitCode);
    };
    child.once('error', (error) => {
      options.output?.('stderr', `${error.message}\n`);
      end(127, null);
    });
    child.once('close', end);
    // What it left running in the background may hold the pipes open: do not wait for that.
    child.once('exit', (code, signal) => setTimeout(end, 200, code, signal));
  });
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => options.output?.(name, text));
  }
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');

  const running = (): boolean => exitCode === null;
  const nsenter = child.pid ?? 0;
  const pid = await programOf(nsenter, running);
  const unwatch = keepGoing(nsenter, pid);
  const over = (): void => {
    unwatch();
    if (options.ownSession === true && pid !== nsenter) killAll(sessionOf(pid));
  };
  if (child.exitCode === null && child.signalCode === null && running()) child.once('exit', over);
  else over();

  const signal = (name: NodeJS.Signals): void => {
    if (!running()) return;
    killAll([pid], name);
    // At once, not at the next look.
    if (name === 'SIGCONT' || name === 'SIGKILL') killAll([nsenter], 'SIGCONT');
  };
  return {
    pid,
    running,
    signal,
    async end(timeoutMs) {
      let timedOut = false;
      const kill = (): void => {
        timedOut = running();
        killAll(familyOf(pid).slice(1));
        signal('SIGKILL');
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
      const code = await ended;
      clearTimeout(timer);
      return { exitCode: code, timedOut };
    },
  };
}

/** Runs a program in the namespaces of a process, to its end. A failing program is an answer, not an exception. */
export async function runInside(
  leader: number,
  argv: readonly string[],
  options: RunOptions & Pick<EnterOptions, 'account' | 'stdio'> = {},
): Promise<RunResult> {
  const output = { stdout: '', stderr: '' };
  const entered = await startInside(leader, argv, {
    ...options,
    output: (name, text) => {
      output[name] += text;
    },
  });
  return { ...(await entered.end(options.timeoutMs ?? 30_000)), ...output };
}

/** What a program that failed said of it, in one line or more. */
export function complaintOf({ exitCode, stderr, timedOut }: RunResult): string {
  const said = stderr.trim();
  if (timedOut) return said === '' ? 'it did not end in time' : `it did not end in time: ${said}`;
  return said === '' ? `it ended with ${exitCode}` : said;
}

function enterCommand(leader: number, argv: readonly string[], options: EnterOptions): readonly string[] {
  const mortal = ['setpriv', '--pdeathsig', 'KILL'];
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid'];
  // nsenter's child is no leader of a group: setsid need not fork.
  const session = options.ownSession === true ? ['setsid'] : [];
  return [
    ...[...mortal, 'nsenter', '--target', String(leader), ...namespaces, '--'],
    ...(options.account === undefined || options.account.length === 0 ? [] : ['setpriv', ...options.account, '--']),
    // After the account: a change of it forgets the wish.
    ...[...mortal, '--', ...session, ...argv],
  ];
}

/** nsenter enters a PID namespace by forking: the program is its only child. */
async function programOf(nsenter: number, isRunning: () => boolean): Promise<number> {
  while (isRunning()) {
    const [program] = childrenOf(nsenter);
    if (program !== undefined) return program;
    await sleep(5);
  }
  return nsenter;
}

const entered = new Set<{ readonly nsenter: number; readonly program: number }>();
let timer: NodeJS.Timeout | undefined;

/**
 * nsenter stops itself when its program is stopped, and neither notices that the program goes on nor that it has ended:
 * somebody has to tell it.
 *
 * @returns Call it when nsenter has ended.
 */
function keepGoing(nsenter: number, program: number): () => void {
  const pair = { nsenter, program };
  entered.add(pair);
  timer ??= setInterval(() => {
    for (const each of entered) {
      if (isStopped(each.nsenter) && !isStopped(each.program)) killAll([each.nsenter], 'SIGCONT');
    }
  }, LOOK_MS).unref();
  return () => {
    entered.delete(pair);
    if (entered.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function killAll(pids: readonly number[], signal: NodeJS.Signals = 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      if (pid > 0) process.kill(pid, signal);
    } catch {
      // It ended this instant.
    }
  }
}
