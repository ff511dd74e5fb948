import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUNTIME_ROOT } from './state.ts';

/**
 * Settings of the whole kernel that labs need raised: all machines of all labs share them with this host, and their sum
 * is over the usual limit.
 */
const NEEDED: Readonly<Record<string, number>> = {
  'fs.inotify.max_user_instances': 8192,
  'fs.inotify.max_user_watches': 524_288,
};

const NOTE = join(RUNTIME_ROOT, '.host-settings.json');

/** Files of settings that are too low here and that we cannot raise. */
export function unraisableSettings(): readonly string[] {
  return Object.entries(NEEDED).flatMap(([name, needed]) => {
    const path = pathOf(name);
    try {
      if (Number(readFileSync(path, 'utf8')) < needed) accessSync(path, constants.W_OK);
      return [];
    } catch {
      return [path];
    }
  });
}

/** Raises what is too low, and notes what it was. */
export function raiseHostSettings(): void {
  const before = noted();
  for (const [name, needed] of Object.entries(NEEDED)) {
    const value = Number(readFileSync(pathOf(name), 'utf8'));
    if (value >= needed) continue;
    before[name] ??= value;
    mkdirSync(RUNTIME_ROOT, { recursive: true, mode: 0o700 });
    writeFileSync(NOTE, `${JSON.stringify(before)}\n`, { mode: 0o600 });
    writeFileSync(pathOf(name), String(needed));
  }
}

/** Sets everything back to what it was; call it when no lab runs any more. */
export function restoreHostSettings(): void {
  for (const [name, value] of Object.entries(noted())) writeFileSync(pathOf(name), String(value));
  rmSync(NOTE, { force: true });
}

function noted(): Record<string, number> {
  return existsSync(NOTE) ? (JSON.parse(readFileSync(NOTE, 'utf8')) as Record<string, number>) : {};
}

function pathOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}
