import { type RunResult, startInside } from '../../lib/lab/enter.ts';

export type { RunResult } from '../../lib/lab/enter.ts';

export interface StartOptions {
  /** Account of the machine's own /etc/passwd; root by default. Other accounts get no capability. */
  readonly user?: string;
  /** Added to PATH, HOME and LANG; nothing else of our environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with every piece of output as it comes. */
  readonly logs?: (text: string) => void;
}

export interface RunOptions extends StartOptions {
  /** The program is killed after this long; default 30 s. */
  readonly timeoutMs?: number;
}

export interface SandboxProcess {
  /** As the host counts. */
  readonly pid: number;
  /** Standard output and error so far, as they came. */
  output(): string;
  /** Resolves as soon as the output matches; rejects, with the output, when the program ends or time is up before. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Waits for the end; kills it, and what it started, when time is up. */
  result(timeoutMs?: number): Promise<RunResult>;
  /** True until it has ended. */
  running(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end, kills it when it does not. */
  stop(signal?: NodeJS.Signals, timeoutMs?: number): Promise<RunResult>;
}

/** Options of setpriv for an account of the machine; one that is not root gets no capability. */
export function accountOf(user: string | undefined): readonly string[] {
  if (user === undefined || user === 'root') return [];
  return [`--reuid=${user}`, `--regid=${user}`, '--init-groups', '--bounding-set=-all'];
}

/** Starts a program in the namespaces of a process; it ends with us. */
export async function startProgram(
  holder: number,
  argv: readonly string[],
  { user, env = {}, input = '', logs }: StartOptions,
): Promise<SandboxProcess> {
  let output = '';
  const streams = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const entered = await startInside(holder, argv, {
    env,
    input,
    account: accountOf(user),
    ownSession: true,
    output: (name, text) => {
      streams[name] += text;
      output += text;
      logs?.(text);
      tell();
    },
  });
  let exitCode: number | undefined;
  const noteEnd = async (): Promise<void> => {
    ({ exitCode } = await entered.end());
    tell();
  };
  noteEnd().catch(() => {});
  const { pid, running, signal } = entered;
  const result = async (timeoutMs = 30_000): Promise<RunResult> => ({ ...(await entered.end(timeoutMs)), ...streams });
  return {
    pid,
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
          else reject(new Error(`${argv[0]} ended with ${exitCode} before ${pattern}:\n${output}`));
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
