import { setTimeout as sleep } from 'node:timers/promises';
import { keepRunning, type ProgramLife } from './keep-running.ts';
import type { LabProgram, ProgramLog } from './lab-program.ts';
import { POD_SCRIPT } from './pod-script.ts';
import type { PodProbe, PodSettings } from './pod-settings.ts';
import type { HostedProcess, ProgramHost } from './program-host.ts';

/** The kubelet looks at its containers once a second. */
const NOTICE_MS = 1000;
/** The first pause between restarts after the first, which comes at once. */
const FIRST_PAUSE_MS = 10_000;

export interface RunPodOptions {
  /** Path on the machine of the program of the pod's image. */
  readonly program: string;
  /** The longest pause between restarts, of the kubelet's configuration. */
  readonly maxPauseMs: number;
}

/**
 * A rendered static pod of a machine, run as the kubelet would: its root, mounts, capabilities and environment, probes, and
 * restarts with a growing pause.
 */
export function runPod(
  host: ProgramHost,
  machine: string,
  pod: PodSettings,
  options: RunPodOptions,
  listener: (text: string) => void,
): LabProgram {
  return keepRunning(pod.name, 'pod', (log) => podLife(host, machine, pod, options, log), listener);
}

function podLife(
  host: ProgramHost,
  machine: string,
  pod: PodSettings,
  options: RunPodOptions,
  log: ProgramLog,
): ProgramLife {
  let failures = 0;
  return {
    isOneshot: false,
    graceMs: pod.graceSeconds * 1000,
    async begin(ready) {
      const folder = `/run/keelway-lab/pods/${pod.name}`;
      await host.run(machine, ['mkdir', '-p', folder]);
      const started = await host.start(machine, containerCommand(pod, folder, options.program), {
        env: { HOME: '/', ...pod.environment },
        logs: (text) => log.append(text),
      });
      if (pod.startup === null) ready();
      watch(host, machine, pod, started, ready, log).catch((error: Error) => log.note(error.message));
      return started;
    },
    finish: async () => {},
    pauseMs(_, livedMs) {
      // Running well for long enough forgives what was before.
      if (livedMs > 2 * options.maxPauseMs && livedMs > 60_000) failures = 0;
      const pauseMs = failures === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), options.maxPauseMs);
      failures += 1;
      return NOTICE_MS + pauseMs;
    },
  };
}

function containerCommand(pod: PodSettings, folder: string, program: string): readonly string[] {
  const hosts = ['127.0.0.1 localhost', ...pod.hostAliases.map(({ ip, hostnames }) => [ip, ...hostnames].join(' '))];
  const mounts = pod.mounts.flatMap(({ host, path, readOnly }) => [
    host === null ? 'empty' : host.type === 'File' ? 'file' : 'dir',
    readOnly ? 'ro' : 'rw',
    path,
    host?.path ?? '-',
  ]);
  const capabilities = ['-all', ...pod.capabilities.map((name) => `+${name}`)].join(',');
  return [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', POD_SCRIPT, 'pod'],
    ...[folder, program, pod.program, pod.readOnlyRoot ? 'ro' : 'rw', hosts.map((line) => `${line}\\n`).join('')],
    ...mounts,
    '--',
    ...[`--bounding-set=${capabilities}`, '--inh-caps=-all', ...(pod.noNewPrivileges ? ['--no-new-privs'] : [])],
    ...(pod.user === 0 ? [] : [`--reuid=${pod.user}`, `--regid=${pod.group}`, '--clear-groups']),
    // A change of account forgets that it is to end with its parent.
    ...['--', 'setpriv', '--pdeathsig', 'KILL', '--'],
    ...[pod.program, ...pod.args],
  ];
}

/** Startup, then liveness; a container that fails too often is asked to end, and killed when its grace is over. */
async function watch(
  host: ProgramHost,
  machine: string,
  pod: PodSettings,
  started: HostedProcess,
  ready: () => void,
  log: ProgramLog,
): Promise<void> {
  for (const [probe, succeeded] of [
    [pod.startup, ready],
    [pod.liveness, null],
  ] as const) {
    if (probe === null || (await holds(host, machine, probe, started, succeeded))) continue;
    if (!started.running()) return;
    log.note(`${pod.name} failed its probe of ${probe.url} ${probe.failureThreshold} times; ending it`);
    started.signal('SIGTERM');
    await started.result(pod.graceSeconds * 1000);
    return;
  }
}

/** True when the probe succeeded and that is enough; false when it failed too often or the program ended. */
async function holds(
  host: ProgramHost,
  machine: string,
  probe: PodProbe,
  started: HostedProcess,
  succeeded: (() => void) | null,
): Promise<boolean> {
  await sleep(probe.initialDelaySeconds * 1000, undefined, { ref: false });
  for (let failures = 0; started.running(); ) {
    const limit = String(probe.timeoutSeconds);
    const { exitCode } = await host.run(machine, [
      ...['curl', '--silent', '--insecure', '--fail', '--output', '/dev/null', '--max-time', limit, probe.url],
    ]);
    failures = exitCode === 0 ? 0 : failures + 1;
    if (exitCode === 0 && succeeded !== null) {
      succeeded();
      return true;
    }
    if (failures >= probe.failureThreshold) return false;
    await sleep(probe.periodSeconds * 1000, undefined, { ref: false });
  }
  return false;
}
