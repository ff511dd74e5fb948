import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/** Set by scripts/build.ts: a digest of each file's contents. V8 itself compares no more than the length. */
declare const BUNDLE_IDS: Readonly<Record<string, string>>;

/** The one file whose commands make no keys. */
const WITHOUT_CRYPTO = 'cli-validate.cjs';

type Exports = Pick<typeof import('../lib/cli/run.ts'), 'run'>;

/**
 * Loads a file of the bundled program, with the machine code of the functions that the first run needed.
 *
 * Node's own compile cache holds what is compiled on loading, which is next to nothing: compiling the functions that a
 * command calls takes longer than running them. So the code is kept after the first run of a command that went well, in the
 * user's cache folder, and taken from there only when nobody else could have written it. Nothing depends on it.
 *
 * @param command - Word that chose the file, one of a few: the commands of a file need other functions.
 */
export function loadBundle(name: string, command: string): Exports {
  // First: with other settings Node has to compile its own modules anew.
  if (name !== WITHOUT_CRYPTO) process.getBuiltinModule('node:crypto');
  // A build of 8 machines is over before optimized code is of use, and one of 1000 gains as much as its making costs.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
  const path = join(import.meta.dirname, name);
  const source = fs.readFileSync(path, 'latin1');
  const cachePath = cacheFile(name, command);
  const cachedData = cachePath === null ? undefined : readCache(cachePath);
  const script = new Script(source, {
    filename: path,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cachePath !== null && (cachedData === undefined || script.cachedDataRejected === true)) {
    // One that failed has not run what a good one runs, and the code would stay without it.
    process.once('exit', (code) => {
      if (code === 0) writeCache(cachePath, script.createCachedData());
    });
  }
  const module = { exports: {} as Exports };
  script.runInThisContext()(module.exports, requireFrom(path), module);
  return module.exports;
}

/** For the packages that are not in the bundle; making Node's own costs time that most runs can do without. */
function requireFrom(path: string): (name: string) => unknown {
  return (name) => process.getBuiltinModule('node:module').createRequire(path)(name);
}

/** Null: there is no place for it, or it is not wanted. */
function cacheFile(name: string, command: string): string | null {
  const { XDG_CACHE_HOME, NODE_DISABLE_COMPILE_CACHE } = process.env;
  const home = homedir();
  if (NODE_DISABLE_COMPILE_CACHE === '1' || (!XDG_CACHE_HOME && (home === '' || home === '/'))) return null;
  const folder = join(XDG_CACHE_HOME || join(home, '.cache'), 'keelway', 'code');
  return join(folder, `${name}-${command}-${BUNDLE_IDS[name]}-${process.version}-${process.arch}`);
}

function readCache(path: string): Buffer | undefined {
  try {
    const file = fs.openSync(path, 'r');
    try {
      const { uid, mode } = fs.fstatSync(file);
      return uid === process.getuid?.() && (mode & 0o022) === 0 ? fs.readFileSync(file) : undefined;
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function writeCache(path: string, data: Buffer): void {
  try {
    makeFolder(dirname(path));
    const temporary = `${path}.${process.pid}`;
    fs.writeFileSync(temporary, data, { mode: 0o600, flag: 'wx' });
    fs.renameSync(temporary, path);
    removeOld(dirname(path));
  } catch {
    // A read-only home, a full disk: the next run compiles again.
  }
}

const MONTH_MS = 30 * 24 * 3600 * 1000;

/** What versions left that nobody runs any more. */
function removeOld(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - fs.statSync(path).mtimeMs > MONTH_MS) fs.rmSync(path);
  }
}

/** Node's own recursive mkdir never ends where a file system makes no folders, as in /proc. */
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    fs.mkdirSync(folder, 0o700);
  } catch (error) {
    // Somebody else was quicker.
    if (!fs.existsSync(folder)) throw error;
  }
}
