import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabProgram, ProgramState } from './lab-program.ts';

/** A program as its supervisor sees it. */
export interface ProgramStatus {
  readonly name: string;
  readonly kind: LabProgram['kind'];
  readonly state: ProgramState;
  readonly restarts: number;
}

/** What the supervisor of a lab of programs lets others know. */
export interface ProgramsStatus {
  /** Why not everything could be started; null as long as nothing went wrong. */
  readonly failure: string | null;
  /** By machine. */
  readonly machines: Readonly<Record<string, readonly ProgramStatus[]>>;
}

/**
 * @param folder - The lab's runtime folder.
 * @returns Without any machine when nothing is known yet.
 */
export function readProgramsStatus(folder: string): ProgramsStatus {
  try {
    return JSON.parse(readFileSync(statusPath(folder), 'utf8')) as ProgramsStatus;
  } catch {
    return { failure: null, machines: {} };
  }
}

/** Whole or not at all. */
export function writeProgramsStatus(folder: string, text: string): void {
  const temporary = `${statusPath(folder)}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, statusPath(folder));
}

/** True when it does what it is for. */
export function isWell({ state }: ProgramStatus): boolean {
  return state === 'running' || state === 'done';
}

function statusPath(folder: string): string {
  return join(folder, 'programs.json');
}
