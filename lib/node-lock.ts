import * as fs from 'node:fs';
import { KeelwayError } from './errors.ts';
import { codeOf, unwritable } from './file-errors.ts';
import { hasEnded, processStat } from './process-stat.ts';

const POLL_MS = 15;
/** Of a process that cannot be seen from here: on another machine, in another container, before a reboot. */
const UNSEEN_AGE_LIMIT_SECONDS = 600;

interface Entry {
  readonly text: string;
  readonly pid: number;
  /** Clock ticks from the boot to the start of the process; `-` where the system does not say. */
  readonly start: string;
  /** Boot and PID namespace in which the number means something; `-` where the system does not say. */
  readonly place: string;
  readonly sinceSeconds: number;
}

let taken = 0;

/**
 * Waits until this is the only holder of a lock, which ends with its process at the latest.
 *
 * The lock is a file to which everybody who wants it appends a line; whoever has the first line of a process that lives
 * holds it, and removes the file when he is done. So a dead holder is passed over without anybody taking his place by
 * force: that he is dead all see alike, and the order of the lines never changes.
 *
 * @returns What gives the lock back.
 * @throws {@link KeelwayError} `LOCK_BUSY` after `waitMs`, `OUTPUT_UNWRITABLE`.
 */
export async function lockFile(path: string, waitMs: number, signal?: AbortSignal): Promise<() => Promise<void>> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const attempt = enter(path);
    let isHeld = false;
    try {
      for (;;) {
        const holder = holderOf(attempt.file);
        // Looked at after the holder: one that was seen dead may have removed the file before.
        if (!isAt(path, attempt.file) || holder === null) break;
        if (holder.text === attempt.line) {
          isHeld = true;
          return async () => leave(path, attempt.file);
        }
        if (signal?.aborted || Date.now() >= deadline) {
          fs.writeSync(attempt.file, `left ${attempt.line}\n`);
          signal?.throwIfAborted();
          throw busy(path, holder);
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } finally {
      if (!isHeld) fs.closeSync(attempt.file);
    }
  }
}

/** Takes a place in the queue. */
function enter(path: string): { readonly file: number; readonly line: string } {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = fs.constants;
  taken += 1;
  const line = [process.pid, startOf('self') ?? '-', placeOf(), Math.floor(Date.now() / 1000), taken].join(' ');
  try {
    const file = fs.openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    fs.writeSync(file, `${line}\n`);
    return { file, line };
  } catch (error) {
    throw unwritable(path, error);
  }
}

function leave(path: string, file: number): void {
  try {
    if (isAt(path, file)) fs.unlinkSync(path);
  } catch (error) {
    throw unwritable(path, error);
  } finally {
    fs.closeSync(file);
  }
}

function isAt(path: string, file: number): boolean {
  const there = fs.lstatSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fs.fstatSync(file);
  return there?.ino === ino && there.dev === dev;
}

/** Null: nobody, which cannot be while the own line is there. */
function holderOf(file: number): Entry | null {
  const { size } = fs.fstatSync(file);
  const bytes = Buffer.alloc(size);
  const lines = bytes
    .toString('latin1', 0, fs.readSync(file, bytes, 0, size, 0))
    .split('\n')
    .slice(0, -1);
  const left = new Set(lines.filter((line) => line.startsWith('left ')).map((line) => line.slice('left '.length)));
  return (
    lines
      .filter((line) => !left.has(line))
      .map(parseEntry)
      .find(isAlive) ?? null
  );
}

/** A line that is none is nobody's. */
function parseEntry(text: string): Entry {
  const [pid, start = '-', place = '-', since] = text.split(' ');
  return { text, pid: Number(pid), start, place, sinceSeconds: Number(since) };
}

function isAlive({ pid, start, place, sinceSeconds }: Entry): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (place !== placeOf()) return Date.now() / 1000 - sinceSeconds < UNSEEN_AGE_LIMIT_SECONDS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process lives, too.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const now = startOf(String(pid));
  return start === '-' || now === null || now === start;
}

/** Tells a process from a later one with its number; `ended` for one that only waits to be buried, null when unknown. */
function startOf(pid: string): string | null {
  const fields = processStat(pid);
  if (fields === null) return null;
  return hasEnded(fields) ? 'ended' : (fields[19] ?? null);
}

let place: string | undefined;

function placeOf(): string {
  place ??= readPlace();
  return place;
}

function readPlace(): string {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}/${fs.readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '-';
  }
}

function busy(path: string, { pid, place: where, sinceSeconds }: Entry): KeelwayError {
  const seconds = Math.max(0, Math.floor(Date.now() / 1000) - sinceSeconds);
  const isSeen = where === placeOf();
  return new KeelwayError({
    code: 'LOCK_BUSY',
    message: `process ${pid}${isSeen ? '' : ' of another machine or container'} has held ${path} for ${seconds} s`,
    hint: isSeen
      ? 'wait until it is done, or end it: its lock ends with it'
      : `wait until it is done; if it does not run any more, remove ${path}`,
  });
}
