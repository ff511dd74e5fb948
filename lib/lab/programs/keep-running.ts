import { setTimeout as sleep } from 'node:timers/promises';
import { type LabProgram, ProgramLog, type ProgramState } from './lab-program.ts';
import type { HostedProcess } from './program-host.ts';

/** The longest time that a timer takes: 24 days. */
const NEVER_MS = 2 ** 31 - 1;

/** One life of a program, from its preparation to its end. */
export interface ProgramLife {
  /** Gets it going; `ready` is to be called when it is. Resolves with its process; rejects when it cannot be started. */
  begin(ready: () => void): Promise<HostedProcess>;
  /** After its end. Not called after a kill of the whole machine. */
  finish(exitCode: number): Promise<void>;
  /** Milliseconds until it is started again after an end with this code; null: never. */
  pauseMs(exitCode: number, livedMs: number): number | null;
  /** How long it may take to end when it is asked to. */
  readonly graceMs: number;
  /** True when an end with code 0 is what it is for. */
  readonly isOneshot: boolean;
}

/** Keeps a program running, life after life, until it is stopped. */
export function keepRunning(
  name: string,
  kind: LabProgram['kind'],
  makeLife: (log: ProgramLog) => ProgramLife,
  listener: (text: string) => void,
): LabProgram {
  const log = new ProgramLog(listener);
  const life = makeLife(log);
  let state: ProgramState = 'waiting';
  let current: HostedProcess | null = null;
  let restarts = 0;
  /** Changes with every start and stop; a loop of another number has ended, or ends. */
  let wanted = 0;
  let isKept = false;
  let loop: Promise<void> = Promise.resolve();
  let wake: AbortController = new AbortController();

  const run = async (generation: number, started: () => void): Promise<void> => {
    const isWanted = (): boolean => wanted === generation;
    for (let first = true; isWanted(); first = false) {
      if (!first) restarts += 1;
      state = 'starting';
      const beganMs = performance.now();
      let exitCode = 1;
      try {
        current = await life.begin(() => {
          // A oneshot is ready when it has ended.
          if (isWanted() && state === 'starting' && !life.isOneshot) state = 'running';
        });
        if (!isWanted()) current.signal('SIGKILL');
        if (!life.isOneshot) started();
        exitCode = (await current.result(NEVER_MS)).exitCode;
      } catch (error) {
        log.note(`${name} cannot be started: ${error instanceof Error ? error.message : String(error)}`);
      }
      current = null;
      if (!isWanted()) return;
      if (!life.isOneshot || exitCode !== 0) log.note(`${name} ended with ${exitCode}`);
      await life.finish(exitCode).catch((error: Error) => log.note(error.message));
      const pauseMs = life.pauseMs(exitCode, performance.now() - beganMs);
      state = life.isOneshot && exitCode === 0 ? 'done' : pauseMs === null ? 'failed' : 'waiting';
      started();
      if (pauseMs === null || !isWanted()) return;
      wake = new AbortController();
      await sleep(pauseMs, undefined, { signal: wake.signal }).catch(() => {});
    }
  };

  return {
    name,
    kind,
    state: () => state,
    pid: () => current?.pid ?? null,
    restarts: () => restarts,
    log: () => log.toString(),
    signal: (signal) => current?.signal(signal),
    async start() {
      if (isKept) return;
      isKept = true;
      await loop;
      wanted += 1;
      const generation = wanted;
      await new Promise<void>((resolve) => {
        loop = run(generation, resolve).finally(() => {
          if (wanted === generation) isKept = false;
          resolve();
        });
      });
    },
    async stop(signal = 'SIGTERM') {
      wanted += 1;
      isKept = false;
      state = 'stopped';
      wake.abort();
      const stopping = current;
      stopping?.signal(signal);
      const ended = await stopping?.result(signal === 'SIGKILL' ? 0 : life.graceMs);
      await loop;
      if (ended !== undefined && signal !== 'SIGKILL') await life.finish(ended.exitCode);
    },
  };
}
