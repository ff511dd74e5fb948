import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { toolPath } from '../tools/tools.ts';
import { REPOSITORY } from './document.ts';

export interface CommandResult {
  readonly command: string;
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new user's machine: a home with nothing in it, a folder to work in, this repository to clone from. */
export interface Workspace {
  /** Where the user stands; follows `cd`. */
  readonly folder: () => string;
  /** Runs one line in a shell, like a person would. A failing command is an answer. */
  readonly run: (command: string) => Promise<CommandResult>;
  readonly remove: () => void;
}

/**
 * Makes a workspace. The repository in it holds the files as they are now, not as they were committed.
 *
 * npm uses this machine's cache and settings: what the lock names was installed here, so nothing is downloaded again.
 */
export function newWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), 'keelway-docs-'));
  const origin = join(root, 'origin');
  const home = join(root, 'home');
  for (const folder of [origin, home]) mkdirSync(folder);
  copyRepository(origin);
  const environment = { ...environmentOf(home), ORIGIN: origin };
  let folder = home;
  const whereFile = join(root, 'where');
  return {
    folder: () => folder,
    run: async (command) => {
      const line = command.replace('<this repository>', '"$ORIGIN"');
      const script = `cd "$1" || exit 1\n${line}\nstatus=$?\npwd >"$2"\nexit $status\n`;
      const result = await execa('bash', ['-c', script, 'bash', folder, whereFile], {
        env: environment,
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
      });
      if (existsSync(whereFile)) folder = execFileSync('cat', [whereFile], { encoding: 'utf8' }).trim();
      const { exitCode, stdout, stderr } = result;
      return { command, exitCode, stdout, stderr };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function copyRepository(target: string): void {
  const source = fileURLToPath(REPOSITORY);
  const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8' });
  const files = git(source, 'ls-files', '-co', '--exclude-standard', '-z').split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(join(source, name)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(source, file), join(target, file), { verbatimSymlinks: true });
  }
  git(target, 'init', '--quiet', '--initial-branch=main');
  git(target, 'add', '--all');
  git(target, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message=all');
}

/** Nothing of this process but what reaches the network and npm's cache. */
function environmentOf(home: string): Record<string, string> {
  const passed = Object.entries(process.env).filter(([name]) =>
    /^(https?_proxy|no_proxy|ssl_cert_|node_extra_ca)/i.test(name),
  );
  const settings = (name: string) => execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();
  return {
    ...(Object.fromEntries(passed) as Record<string, string>),
    HOME: home,
    PATH: pathOfUser(),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    npm_config_cache: settings('cache'),
    npm_config_registry: settings('registry'),
    npm_config_userconfig: join(homedir(), '.npmrc'),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
  };
}

/** Without what npm puts before it when it runs the tests; with age and sops, which the documents use. */
function pathOfUser(): string {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return [...own, dirname(toolPath('age')), dirname(toolPath('sops'))].join(delimiter);
}
