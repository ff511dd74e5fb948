import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from './processes.ts';

export interface StartOptions {
  /** Account of the machine's own /etc/passwd; root by default. Other accounts get no capability. */
  readonly user?: string;
  /** Added to PATH and LANG; nothing else of our environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with every piece of output as it comes. */
  readonly logs?: (text: string) => void;
}

export interface RunOptions extends StartOptions {
  /** The program is killed after this long; default 30 s. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** 128 + n when signal n ended the program. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SandboxProcess {
  /** As the host counts. */
  readonly pid: number;
  /** Standard output and error so far, as they came. */
  output(): string;
  /** Resolves as soon as the output matches; rejects, with the output, when the program ends or time is up before. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Waits for the end; kills it when time is up. */
  result(timeoutMs?: number): Promise<RunResult>;
  /** True until it has ended. */
  running(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end, kills it when it does not. */
  stop(signal?: NodeJS.Signals, timeoutMs?: number): Promise<RunResult>;
}

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/**
 * Starts a program in the namespaces that `holder` holds.
 *
 * It dies with us: each process on the way asks the kernel to be killed when its parent ends.
 */
export async function startInside(
  holder: number,
  argv: readonly string[],
  options: StartOptions,
): Promise<SandboxProcess> {
  if (readlinkSync(`/proc/${holder}/ns/net`) === readlinkSync('/proc/self/ns/net')) {
    throw new Error('refused to run a program in the network of this machine');
  }
  const account =
    options.user === undefined || options.user === 'root'
      ? []
      : [`--reuid=${options.user}`, `--regid=${options.user}`, '--init-groups', '--bounding-set=-all'];
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'nsenter', '--target', String(holder)],
      ...['--mount', '--uts', '--ipc', '--net', '--pid', '--'],
      ...['setpriv', ...account, '--pdeathsig', 'KILL', '--', ...argv],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], env: { ...ENVIRONMENT, ...options.env } },
  );
  let output = '';
  const streams = { stdout: '', stderr: '' };
  let ended: { exitCode: number } | undefined;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
      output += text;
      options.logs?.(text);
      tell();
    });
  }
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      ended ??= { exitCode: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0) };
      resolve();
      tell();
    };
    child.once('close', end);
    // What it left running in the background may hold the pipes open: do not wait for that.
    child.once('exit', (code, signal) => setTimeout(end, 200, code, signal));
  });
  exited.catch(() => {});
  const program = await programOf(child.pid, () => ended !== undefined);

  const running = (): boolean => ended === undefined;
  const signal = (name: NodeJS.Signals): void => {
    if (!running()) return;
    try {
      process.kill(program, name);
      // nsenter stops itself when its program is stopped, and does not notice that the program goes on.
      if (name === 'SIGCONT' && child.pid !== undefined) process.kill(child.pid, name);
    } catch {
      // It ended this instant.
    }
  };
  const result = async (timeoutMs = 30_000): Promise<RunResult> => {
    const timer = setTimeout(() => signal('SIGKILL'), timeoutMs);
    await exited;
    clearTimeout(timer);
    return { exitCode: ended?.exitCode ?? 1, ...streams };
  };
  return {
    pid: program,
    output: () => output,
    running,
    signal,
    result,
    waitFor: (pattern, timeoutMs = 15_000) =>
      new Promise((resolve, reject) => {
        const finish = (): void => {
          const match = pattern.exec(output);
          if (match === null && running()) return;
          clearTimeout(timer);
          listeners.delete(finish);
          if (match !== null) resolve(match);
          else reject(new Error(`${argv[0]} ended with ${ended?.exitCode} before ${pattern}:\n${output}`));
        };
        const timer = setTimeout(() => {
          listeners.delete(finish);
          reject(new Error(`${argv[0]} did not say ${pattern} within ${timeoutMs} ms:\n${output.slice(-4000)}`));
        }, timeoutMs);
        listeners.add(finish);
        finish();
      }),
    stop: async (name = 'SIGTERM', timeoutMs = 10_000) => {
      signal(name);
      return await result(timeoutMs);
    },
  };
}

/** nsenter enters a PID namespace by forking: the program is its only child. */
async function programOf(nsenter: number | undefined, ended: () => boolean): Promise<number> {
  if (nsenter === undefined) return 0;
  for (let tries = 0; tries < 500 && !ended(); tries++) {
    const [program] = childrenOf(nsenter);
    if (program !== undefined) return program;
    await sleep(5);
  }
  return nsenter;
}
