import { dirname, join, relative, resolve } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { KeelwayError } from '../errors.ts';
import type { FilesPort } from '../ports.ts';

const LIMIT_BYTES = 1024 * 1024;

/** A file with rules, and the folder that its paths start at. */
interface RuleFile {
  readonly folder: string;
  readonly rules: Ignore;
}

/**
 * Finds the files that lie in a Git work tree and are not ignored there, so that `git add` would take them.
 *
 * Reads Git's files itself: a Git process costs more than a whole build. What is in the index is not looked at.
 *
 * @param paths - Absolute; they need not exist.
 * @param environment - HOME and XDG_CONFIG_HOME say where the user's own rules are.
 */
export async function findUnignored(
  paths: readonly string[],
  files: FilesPort,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const unignored: string[] = [];
  const read = textReader(files);
  for (const path of paths) {
    const root = await workTreeOf(path, files);
    if (root !== null && !(await isIgnored(path, root, read, environment))) unignored.push(path);
  }
  return unignored;
}

async function workTreeOf(path: string, files: FilesPort): Promise<string | null> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((await files.stat(join(folder, '.git'))) !== null) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** A folder that is ignored takes all that is in it along, whatever deeper rules say. */
async function isIgnored(
  path: string,
  root: string,
  read: ReadText,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const names = relative(root, path).split('/');
  const everywhere: RuleFile[] = [];
  for (const file of [await excludeFile(root, read), ...(await ownFiles(read, environment))]) {
    everywhere.push({ folder: root, rules: rulesOf(await read(file)) });
  }
  const local: RuleFile[] = [];
  for (let count = 1; count <= names.length; count += 1) {
    const folder = join(root, ...names.slice(0, count - 1));
    // The deepest file has the first word.
    local.unshift({ folder, rules: rulesOf(await read(join(folder, '.gitignore'))) });
    const place = join(root, ...names.slice(0, count));
    const isFolder = count < names.length;
    for (const file of [...local, ...everywhere]) {
      const { ignored, unignored } = file.rules.test(`${relative(file.folder, place)}${isFolder ? '/' : ''}`);
      if (ignored) return true;
      if (unignored) break;
    }
  }
  return false;
}

function rulesOf(text: string): Ignore {
  return ignore({ ignorecase: false }).add(text);
}

/** `info/exclude` of the repository; a linked work tree shares that of the main one. */
async function excludeFile(root: string, read: ReadText): Promise<string> {
  const git = join(root, '.git');
  const link = /^gitdir: (.*)$/m.exec(await read(git))?.[1];
  if (link === undefined) return join(git, 'info/exclude');
  const folder = resolve(root, link);
  const common = (await read(join(folder, 'commondir'))).trim();
  return join(resolve(folder, common), 'info/exclude');
}

/** The user's: the one that his configuration names, or the one that is used without. */
async function ownFiles(
  read: ReadText,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const home = environment.HOME;
  const settings = environment.XDG_CONFIG_HOME || (home ? join(home, '.config') : undefined);
  const configurations = [
    settings ? join(settings, 'git/config') : undefined,
    home ? join(home, '.gitconfig') : undefined,
  ];
  let named: string | undefined;
  for (const path of configurations) {
    if (path === undefined) continue;
    named = /^\s*excludesfile\s*=\s*"?(.*?)"?\s*$/im.exec(await read(path))?.[1] ?? named;
  }
  if (named !== undefined) return home === undefined ? [named] : [named.replace(/^~(?=\/)/, home)];
  return settings === undefined ? [] : [join(settings, 'git/ignore')];
}

type ReadText = (path: string) => Promise<string>;

/** Reads each file once; empty for what is not there, is a folder or cannot be read, as Git takes it. */
function textReader(files: FilesPort): ReadText {
  const known = new Map<string, string>();
  return async (path) => {
    let text = known.get(path);
    if (text === undefined) {
      text = await readText(path, files);
      known.set(path, text);
    }
    return text;
  };
}

async function readText(path: string, files: FilesPort): Promise<string> {
  try {
    const stat = await files.stat(path);
    if (stat === null || stat.type === 'directory') return '';
    return new TextDecoder().decode(await files.read(path, LIMIT_BYTES));
  } catch (error) {
    if (error instanceof KeelwayError) return '';
    throw error;
  }
}
