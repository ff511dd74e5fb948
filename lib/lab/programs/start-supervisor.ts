import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, KeelwayError } from '../../errors.ts';
import { type Lab, openLab } from '../lab.ts';
import { LAB_ENVIRONMENT } from '../namespaces.ts';
import { labFolder, stopLab } from '../start-lab.ts';
import { checkedName, RUNTIME_ROOT } from '../state.ts';
import type { SuperviseOptions } from './supervise.ts';

/** What the supervisor answers: the lab is there, or why it is not. */
export type SupervisorAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined };

/**
 * Starts a lab of programs with a supervisor of its own: this program again, in a session of its own, which goes on when
 * we end. Keys go to it through a pipe that nobody else has.
 *
 * @param program - The file of this program that Node runs.
 * @throws {@link KeelwayError} `LAB_EXISTS`, or `LAB_FAILED`; nothing is left then.
 */
export async function startSupervisor(program: string, options: SuperviseOptions): Promise<Lab> {
  mkdirSync(RUNTIME_ROOT, { recursive: true, mode: 0o700 });
  const logFile = supervisorLogPath(options.name);
  const log = openSync(logFile, 'w', 0o600);
  const child = fork(program, ['lab', 'supervise'], {
    detached: true,
    cwd: '/',
    // Home, for Node's own caches.
    env: { ...LAB_ENVIRONMENT, HOME: process.env.HOME },
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  try {
    const answer = await answerOf(child, options);
    if (answer === 'ended') throw failure(`its supervisor ended: ${lastLine(logFile)}`);
    if (answer.kind === 'failed') throw new KeelwayError(answer);
  } catch (error) {
    child.kill('SIGKILL');
    const isAnothers = error instanceof KeelwayError && error.code === 'LAB_EXISTS';
    if (!isAnothers) await stopLab(options.name);
    rmSync(logFile, { force: true });
    throw error;
  }
  child.disconnect();
  child.unref();
  return openLab(labFolder(options.name), options.name);
}

/** Where the supervisor's own words go until the lab has a folder, in which it takes the file. */
export function supervisorLogPath(name: string): string {
  return join(RUNTIME_ROOT, `.${checkedName(name)}.log`);
}

async function answerOf(child: ChildProcess, options: SuperviseOptions): Promise<SupervisorAnswer | 'ended'> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve('ended'));
    child.once('message', (message) => resolve(message as SupervisorAnswer));
    child.send(options, (error) => {
      // It ended first, and that is the better answer.
      if (error !== null && child.exitCode === null && child.signalCode === null) reject(error);
    });
  });
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
}

function failure(message: string): KeelwayError {
  return new KeelwayError({ code: 'LAB_FAILED', message: `the lab cannot be made: ${message}` });
}
