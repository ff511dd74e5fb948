import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepRunning, type ProgramLife } from './keep-running.ts';
import type { LabProgram, ProgramLog } from './lab-program.ts';
import type { HostedProcess, ProgramHost } from './program-host.ts';
import { environmentOf, type UnitCommand, type UnitSettings } from './unit-settings.ts';

/** The account of a `DynamicUser=` service: the first of systemd's range. */
const DYNAMIC_USER = '61184';

const STOP_TIMEOUT_MS = 90_000;

/** Folder of the sockets on which programs say that they are ready. */
const NOTIFY_FOLDER = '/run/keelway-lab';

/**
 * A rendered service of a machine, run as systemd would: accounts, capabilities, environment, runtime folder, the commands
 * before and after, readiness, restarts.
 *
 * @param environment - What the lab adds to the unit's own.
 */
export function runUnit(
  host: ProgramHost,
  machine: string,
  unit: UnitSettings,
  environment: Readonly<Record<string, string>>,
  listener: (text: string) => void,
): LabProgram {
  return keepRunning(unit.name, 'unit', (log) => unitLife(host, machine, unit, environment, log), listener);
}

function unitLife(
  host: ProgramHost,
  machine: string,
  unit: UnitSettings,
  labEnvironment: Readonly<Record<string, string>>,
  log: ProgramLog,
): ProgramLife {
  const isOneshot = unit.type === 'oneshot';
  let notified: HostedProcess | null = null;

  const environment = (): Record<string, string> => ({
    ...unit.environment,
    ...environmentOf(
      unit.environmentFiles.flatMap((file) => readFileSync(host.hostPath(machine, file), 'utf8').split('\n')),
    ),
    ...(unit.runtimeDirectory === null ? {} : { RUNTIME_DIRECTORY: `/run/${unit.runtimeDirectory}` }),
    ...labEnvironment,
  });
  const perform = async (command: UnitCommand): Promise<number> => {
    const options = { env: environment(), timeoutMs: 30 * 60_000 };
    const { exitCode, stdout, stderr, timedOut } = await host.run(machine, launch(unit, command), options);
    log.append(`${stdout}${stderr}`);
    if (timedOut) log.note(`${command.argv.join(' ')} did not end in time, and was killed`);
    return command.mayFail ? 0 : exitCode;
  };
  const performAll = async (commands: readonly UnitCommand[]): Promise<void> => {
    for (const command of commands) {
      const exitCode = await perform(command);
      if (exitCode !== 0) throw new Error(`${command.argv.join(' ')} ended with ${exitCode}`);
    }
  };
  const start = async (env: Record<string, string>): Promise<HostedProcess> => {
    const [command] = unit.start.slice(-1);
    if (command === undefined) throw new Error(`${unit.name} has no ExecStart`);
    await performAll(unit.start.slice(0, -1));
    return await host.start(machine, launch(unit, command), { env, logs: (text) => log.append(text) });
  };

  return {
    isOneshot,
    graceMs: STOP_TIMEOUT_MS,
    async begin(ready) {
      await makeRuntimeDirectory(host, machine, unit);
      await performAll(unit.startPre);
      const isReady = (): void => {
        ready();
        performAll(unit.startPost).catch((error: Error) => log.note(error.message));
      };
      if (unit.type !== 'notify') {
        const started = await start(environment());
        isReady();
        return started;
      }
      const socket = `${NOTIFY_FOLDER}/${unit.name}.notify`;
      notified?.signal('SIGKILL');
      notified = await listen(host, machine, socket, isReady);
      return await start({ ...environment(), NOTIFY_SOCKET: socket });
    },
    async finish() {
      notified?.signal('SIGKILL');
      notified = null;
      for (const command of unit.stopPost) await perform(command);
      if (unit.runtimeDirectory === null || unit.keepsRuntimeDirectory || (isOneshot && unit.remains)) return;
      await host.run(machine, ['rm', '-rf', `/run/${unit.runtimeDirectory}`]);
    },
    pauseMs(exitCode) {
      if (unit.restart === 'no' || unit.preventRestartCodes.includes(exitCode)) return null;
      if (unit.restart === 'on-failure' && exitCode === 0) return null;
      return unit.restartSeconds * 1000;
    },
  };
}

/** The command as the unit's account, with the unit's capabilities. */
function launch(unit: UnitSettings, command: UnitCommand): readonly string[] {
  const umask = ['sh', '-c', `umask ${unit.umask ?? '0022'}; exec "$@"`, 'sh'];
  if (command.asRoot) return [...umask, ...command.argv];
  const options: string[] = [];
  if (unit.dynamicUser) options.push(`--reuid=${DYNAMIC_USER}`, `--regid=${DYNAMIC_USER}`, '--clear-groups');
  else if (unit.user !== null) {
    options.push(`--reuid=${unit.user}`, `--regid=${unit.group ?? unit.user}`, '--init-groups');
  }
  const ambient = signed(unit.ambientCapabilities);
  // The ambient set can only hold what is inheritable too.
  if (unit.ambientCapabilities.length > 0) options.push(`--inh-caps=${ambient}`, `--ambient-caps=${ambient}`);
  if (unit.capabilities !== null)
    options.push(`--bounding-set=${['-all', signed(unit.capabilities)].filter(Boolean).join(',')}`);
  if (unit.noNewPrivileges) options.push('--no-new-privs');
  if (options.length === 0) return [...umask, ...command.argv];
  // A change of account forgets that it is to end with its parent.
  return [...umask, 'setpriv', ...options, '--', 'setpriv', '--pdeathsig', 'KILL', '--', ...command.argv];
}

function signed(names: readonly string[]): string {
  return names.map((name) => `+${name}`).join(',');
}

async function makeRuntimeDirectory(host: ProgramHost, machine: string, unit: UnitSettings): Promise<void> {
  if (unit.runtimeDirectory === null) return;
  const user = unit.dynamicUser ? DYNAMIC_USER : (unit.user ?? 'root');
  const group = unit.dynamicUser ? DYNAMIC_USER : (unit.group ?? user);
  const options = ['-d', '-m', unit.runtimeDirectoryMode, '-o', user, '-g', group];
  await host.run(machine, ['install', ...options, `/run/${unit.runtimeDirectory}`]);
}

/** Calls back when the program says READY=1; socat, because Node has no datagram sockets in the file system. */
async function listen(host: ProgramHost, machine: string, socket: string, ready: () => void): Promise<HostedProcess> {
  await host.run(machine, ['sh', '-c', `mkdir -p ${NOTIFY_FOLDER}; rm -f ${socket}`]);
  let isReady = false;
  const listener = await host.start(machine, ['socat', '-u', `UNIX-RECV:${socket},mode=0666`, 'STDOUT'], {
    logs: (text) => {
      if (isReady || !/^READY=1$/m.test(text)) return;
      isReady = true;
      ready();
    },
  });
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await host.run(machine, ['test', '-S', socket])).exitCode === 0) return listener;
    await sleep(20);
  }
  throw new Error(`${socket} did not come up`);
}
