import type { Sandbox } from './sandbox.ts';
import type { SandboxProcess } from './sandbox-process.ts';
import { type UnitCommand, unitCommands } from './unit-commands.ts';

export interface SandboxUnit {
  /** The process of ExecStart. */
  readonly main: SandboxProcess;
  /** Waits until the program tells systemd that it is ready, then runs ExecStartPost. For Type=notify. */
  ready(timeoutMs?: number): Promise<void>;
  /** True when it has told so already. */
  isReady(): boolean;
  /** Ends the program, then runs ExecStopPost. Returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** Waits for the program to end by itself, then runs ExecStopPost. */
  ended(timeoutMs?: number): Promise<number>;
}

/**
 * Runs the commands of a rendered service on a machine as systemd would: ExecStartPre, ExecStart as the unit's user with a
 * notify socket and its runtime folder. Sandboxing directives are left to the real systemd.
 *
 * @throws Error when an ExecStartPre fails.
 */
export async function startUnit(
  sandbox: Sandbox,
  machine: string,
  unit: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SandboxUnit> {
  const commands = unitCommands(unit);
  const [start, ...more] = commands.start;
  if (start === undefined || more.length > 0) throw new Error('not a service with one ExecStart');
  const user = commands.user ?? 'root';
  const folder = commands.runtimeDirectories[0];
  const socket = `/run/notify-${Math.random().toString(36).slice(2)}`;
  const env: Record<string, string> = { ...commands.environment, ...environment };
  if (folder !== undefined) {
    await sandbox.run(machine, ['install', '-d', '-m', '0755', '-o', user, '-g', user, `/run/${folder}`]);
    env.RUNTIME_DIRECTORY = `/run/${folder}`;
  }
  const perform = async (command: UnitCommand): Promise<void> => {
    const account = command.privileged ? 'root' : user;
    const { exitCode, stderr } = await sandbox.run(machine, command.argv, { user: account, env });
    if (exitCode !== 0 && !command.mayFail) throw new Error(`${command.argv.join(' ')}: ${exitCode}: ${stderr}`);
  };
  for (const command of commands.startPre) await perform(command);

  let listener: SandboxProcess | undefined;
  if (commands.type === 'notify') {
    listener = await sandbox.start(machine, ['socat', '-u', `UNIX-RECV:${socket},mode=0666`, 'STDOUT']);
    while ((await sandbox.run(machine, ['test', '-S', socket])).exitCode !== 0);
    env.NOTIFY_SOCKET = socket;
  }
  const main = await sandbox.start(machine, start.argv, { user, env });
  const ended = async (timeoutMs?: number): Promise<number> => {
    const { exitCode } = await main.result(timeoutMs);
    await listener?.stop('SIGKILL');
    for (const command of commands.stopPost) await perform(command);
    return exitCode;
  };
  return {
    main,
    ended,
    isReady: () => listener?.output().includes('READY=1') === true,
    ready: async (timeoutMs = 20_000) => {
      if (listener === undefined) throw new Error('not a Type=notify service');
      const told = listener.waitFor(/READY=1/, timeoutMs);
      const died = main.waitFor(/(?!)/, timeoutMs + 1000);
      await Promise.race([told, died]).catch((error) => {
        throw new Error(`${machine} was not ready: ${error}\n${main.output().slice(-4000)}`);
      });
      died.catch(() => {});
      for (const command of commands.startPost) await perform(command);
    },
    stop: async (signal = 'SIGTERM') => {
      main.signal(signal);
      return await ended();
    },
  };
}
