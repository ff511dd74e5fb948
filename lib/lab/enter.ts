import { type StdioOptions, spawn } from 'node:child_process';
import { KeelwayError } from '../errors.ts';
import { LAB_ENVIRONMENT, refuseOwnNetwork } from './namespaces.ts';

export interface RunOptions {
  /** Added to PATH, HOME and LANG; nothing else of our environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The program is killed after this long; default 30 s. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** 128 + n when signal n ended the program; 137 too when `timeoutMs` ran out. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Runs a program in the namespaces of a process, to its end. A failing program is an answer, not an exception. */
export async function runInside(
  pid: number,
  argv: readonly string[],
  options: RunOptions & { readonly stdio?: StdioOptions } = {},
): Promise<RunResult> {
  refuseOwnNetwork(pid);
  const [command = '', ...args] = enterCommand(pid, argv);
  const child = spawn(command, args, {
    stdio: options.stdio ?? ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: { ...LAB_ENVIRONMENT, ...options.env },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  const timer =
    options.stdio === 'inherit' ? undefined : setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 30_000);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      const end = (code: number | null, signal: NodeJS.Signals | null) => resolve(exitCodeOf(code, signal));
      child.once('close', end);
      // What it left running in the background may hold the pipes open: do not wait for that.
      child.once('exit', (code, signal) => setTimeout(end, 200, code, signal));
    });
    return { exitCode, ...output };
  } catch (error) {
    throw new KeelwayError({ code: 'LAB_FAILED', message: `cannot run ${argv[0]} in the lab`, cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The command that runs a program in the namespaces of a process, and ends it when its own parent ends. */
export function enterCommand(pid: number, argv: readonly string[]): readonly string[] {
  const mortal = ['setpriv', '--pdeathsig', 'KILL'];
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid'];
  return [...mortal, 'nsenter', '--target', String(pid), ...namespaces, '--', ...mortal, '--', ...argv];
}

/** 128 + n when signal n ended it. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (SIGNALS[signal ?? ''] ?? 0);
}
