import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { cacheFolder } from './lib/cache.ts';
import { ToolsError } from './lib/tools-error.ts';

/** A host file or folder shown inside; a plain string is shown at its own path, writable. */
export type Bind = string | { readonly from: string; readonly to: string; readonly readOnly?: boolean };

export interface InRootOptions {
  /** Host folder to run in, shown at its own path, writable. Default: the root's `/`. */
  readonly cwd?: string;
  readonly binds?: readonly Bind[];
  /** Standard input; default empty. */
  readonly input?: string | Uint8Array;
  /** Added to PATH, HOME and LANG; nothing else of our environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** `none`: a fresh network with only loopback (default). `host`: the machine's. Else the path of a network namespace. */
  readonly network?: 'none' | 'host' | (string & {});
  /** Everything the program started is killed after this long; default two minutes. */
  readonly timeoutMs?: number;
}

export interface InRootResult {
  /** 128 + n when signal n ended the program; 137 too when `timeoutMs` ran out. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SCRIPT = fileURLToPath(new URL('in-root.sh', import.meta.url));

const BASE_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

const NAMESPACES = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL', '--ipc', '--uts'];

/** See `inRoot` in tools.ts; `root` may be any root file system with a shell. */
export async function runInRoot(
  root: string,
  command: string,
  args: readonly string[],
  options: InRootOptions,
): Promise<InRootResult> {
  if (process.getuid?.() !== 0) {
    throw new ToolsError('programs of the trixie root need mount namespaces: run the tests as root', 4);
  }
  const network = options.network ?? 'none';
  const work = join(cacheFolder(), 'mnt');
  mkdirSync(work, { recursive: true });
  const binds = [...(options.cwd === undefined ? [] : [options.cwd]), ...(options.binds ?? [])].flatMap((bind) =>
    typeof bind === 'string'
      ? [resolve(bind), resolve(bind), 'rw']
      : [resolve(bind.from), bind.to, bind.readOnly ? 'ro' : 'rw'],
  );
  const folder = options.cwd === undefined ? '/' : resolve(options.cwd);
  const enter = network === 'none' || network === 'host' ? [] : ['nsenter', `--net=${network}`, '--'];
  const argv = [
    ...enter,
    ...['unshare', ...NAMESPACES, ...(network === 'none' ? ['--net'] : []), '--'],
    ...['/bin/sh', SCRIPT, root, work, network, folder, ...binds, '--', command, ...args],
  ];
  const result = await execa('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    env: { ...BASE_ENVIRONMENT, ...options.env },
    extendEnv: false,
    input: options.input ?? '',
    reject: false,
    stripFinalNewline: false,
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
  });
  if (result.exitCode === undefined && result.signal === undefined) throw result;
  return { exitCode: result.exitCode ?? 137, stdout: result.stdout, stderr: result.stderr };
}
