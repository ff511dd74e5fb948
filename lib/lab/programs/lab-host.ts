import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { enterCommand, exitCodeOf } from '../enter.ts';
import type { Lab } from '../lab.ts';
import { LAB_ENVIRONMENT, refuseOwnNetwork } from '../namespaces.ts';
import { childrenOf } from '../processes.ts';
import type { HostedProcess, ProgramHost } from './program-host.ts';

/** The machines of a lab as places for programs. What runs there ends with this process. */
export function labHost(lab: Lab): ProgramHost {
  return {
    run: async (machine, argv, options) => await lab.run(machine, argv, options),
    start: async (machine, argv, options = {}) => {
      return await startInside(lab.leader(machine), argv, options.env ?? {}, options.logs ?? (() => {}));
    },
    hostPath: (machine, path) => lab.hostPath(machine, path),
  };
}

async function startInside(
  leader: number,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  logs: (text: string) => void,
): Promise<HostedProcess> {
  refuseOwnNetwork(leader);
  const [command = '', ...args] = enterCommand(leader, argv);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { ...LAB_ENVIRONMENT, ...env },
  });
  let exitCode: number | null = null;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', logs);
  const ended = new Promise<number>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      exitCode ??= exitCodeOf(code, signal);
      resolve(exitCode);
    };
    child.once('error', (error) => {
      logs(`${error.message}\n`);
      end(127, null);
    });
    child.once('close', end);
    // What it left running in the background may hold the pipes open: do not wait for that.
    child.once('exit', (code, signal) => setTimeout(end, 200, code, signal));
  });
  const running = (): boolean => exitCode === null;
  const pid = await programOf(child.pid, running);
  const signal = (name: NodeJS.Signals): void => {
    if (!running()) return;
    try {
      process.kill(pid, name);
      // nsenter stops itself when its program is stopped, and does not notice that the program goes on.
      if (name === 'SIGCONT' && child.pid !== undefined) process.kill(child.pid, name);
    } catch {
      // It ended this instant.
    }
  };
  return {
    pid,
    running,
    signal,
    async result(timeoutMs) {
      const timer = setTimeout(signal, timeoutMs, 'SIGKILL');
      const code = await ended;
      clearTimeout(timer);
      // The output went to `logs`; keeping it too would take memory for as long as the program lives.
      return { exitCode: code, stdout: '', stderr: '' };
    },
  };
}

/** nsenter enters a PID namespace by forking: the program is its only child. */
async function programOf(nsenter: number | undefined, isRunning: () => boolean): Promise<number> {
  if (nsenter === undefined) throw new Error('nsenter cannot be started');
  while (isRunning()) {
    const [program] = childrenOf(nsenter);
    if (program !== undefined) return program;
    await sleep(5);
  }
  return nsenter;
}
