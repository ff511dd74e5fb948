import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelwayError } from '../errors.ts';
import { controllersToEnable, labControlGroups, ownControlGroups } from './control-groups.ts';
import { labScript } from './lab-script.ts';
import { childrenOf, identify, type ProcessId } from './processes.ts';

/** The namespaces of a lab and the processes that hold them. */
export interface LabNamespaces {
  /** Owns everything: when it ends, in whatever way, nothing of the lab remains but empty control groups. */
  readonly supervisor: ProcessId;
  /** The first process inside. */
  readonly init: ProcessId;
  /** Its control group in every hierarchy; each machine has one of its own below. */
  readonly groups: readonly string[];
}

/** What programs of the lab get of our environment: nothing. */
export const LAB_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/**
 * Starts a supervisor in a session of its own, with private mount, PID, network, IPC and UTS namespaces.
 *
 * Until they are noted, everything ends when this process does, in whatever way: nobody else could find it.
 *
 * @param folder - The lab's runtime folder; its log goes there.
 * @param diesWithUs - The kernel ends the lab when this process ends.
 * @param note - Writes down what there is.
 * @returns What `note` returns.
 * @throws {@link KeelwayError} `LAB_FAILED` with the words of what failed; what `note` throws.
 */
export async function startNamespaces<T>(
  folder: string,
  diesWithUs: boolean,
  note: (namespaces: LabNamespaces) => T,
): Promise<T> {
  const script = join(folder, 'lab.sh');
  const logFile = join(folder, 'supervisor.log');
  writeFileSync(script, labScript(''), { mode: 0o600 });
  const log = openSync(logFile, 'w', 0o600);
  const bases = ownControlGroups();
  const command = ['sh', script, 'supervise', controllersToEnable().join(' '), ...bases];
  const child = spawn('setpriv', [...(diesWithUs ? ['--pdeathsig', 'KILL'] : []), '--', ...command], {
    stdio: ['pipe', log, log],
    detached: true,
    cwd: '/',
    env: LAB_ENVIRONMENT,
  });
  closeSync(log);
  child.unref();
  child.once('error', () => {});
  child.stdin?.on('error', () => {});
  try {
    const noted = note(await namespacesOf(child.pid ?? 0, bases, logFile));
    child.stdin?.write('noted\n');
    return noted;
  } finally {
    child.stdin?.end();
  }
}

async function namespacesOf(owner: number, bases: readonly string[], logFile: string): Promise<LabNamespaces> {
  const init = await waitUntilReady(owner);
  const supervisor = identify(owner);
  if (init === 'ended' || supervisor === null) {
    throw new KeelwayError({
      code: 'LAB_FAILED',
      message: `the lab's namespaces cannot be made: ${readFileSync(logFile, 'utf8').trim().split('\n').at(-1)}`,
    });
  }
  refuseOwnNetwork(init.pid);
  return { supervisor, init, groups: labControlGroups(bases, supervisor.pid) };
}

async function waitUntilReady(supervisor: number): Promise<ProcessId | 'ended'> {
  while (identify(supervisor) !== null) {
    const init = identify(childrenOf(supervisor)[0] ?? 0);
    if (init !== null && existsSync(`/proc/${init.pid}/root/run/ready`)) return init;
    await sleep(10);
  }
  return 'ended';
}

/** The last line of defence: nothing of a lab ever runs in the network of this machine. */
export function refuseOwnNetwork(pid: number): void {
  if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')) {
    throw new KeelwayError({ code: 'LAB_FAILED', message: 'refused: this would run in the network of this machine' });
  }
}
