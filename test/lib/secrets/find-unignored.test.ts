import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodePorts } from '../../../lib/node-ports.ts';
import { findUnignored } from '../../../lib/secrets/find-unignored.ts';
import { temporaryFolder } from '../pki/support.ts';

const { files } = nodePorts();

function repository(folder: string = temporaryFolder()): string {
  execFileSync('git', ['init', '--quiet', folder]);
  return folder;
}

function write(root: string, texts: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const environment = (home: string) => ({ HOME: home, XDG_CONFIG_HOME: '' });

/** What the real git says. */
function gitUnignored(root: string, paths: readonly string[], home: string): string[] {
  const result = spawnSync('git', ['check-ignore', '--no-index', '-z', '--stdin'], {
    cwd: root,
    input: paths.join('\0'),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...environment(home) },
  });
  expect(result.status, result.stderr).toBeLessThan(2);
  const ignored = new Set(result.stdout.split('\0'));
  return paths.filter((path) => !ignored.has(path));
}

async function expectLikeGit(root: string, paths: readonly string[], home: string): Promise<void> {
  const found = await findUnignored(
    paths.map((path) => join(root, path)),
    files,
    environment(home),
  );
  expect(found.map((path) => path.slice(root.length + 1))).toEqual(gitUnignored(root, paths, home));
}

const PATHS = [
  'secrets.yaml',
  'kubeconfig',
  'a/b/secrets.yaml',
  'a/b/kubeconfig',
  'build/.ha.generations/1/manifest.json',
];

describe('findUnignored', () => {
  it.each<[string, Record<string, string>]>([
    ['no rules', {}],
    ['a name', { '.gitignore': 'secrets.yaml\n' }],
    ['a name at the top', { '.gitignore': '/secrets.yaml\n/kubeconfig\n' }],
    ['a folder', { '.gitignore': '/build/\n' }],
    ['a folder that is a file here', { '.gitignore': 'kubeconfig/\n' }],
    ['a wildcard', { '.gitignore': 'secrets.yaml*\n*config\n' }],
    ['a hidden folder', { '.gitignore': '.*.generations/\n' }],
    ['two stars', { '.gitignore': '**/b/secrets.yaml\nbuild/**\n' }],
    ['an exception', { '.gitignore': '*\n!kubeconfig\n!*/\n' }],
    ['an exception in a folder that is ignored', { '.gitignore': 'a/\n!a/b/kubeconfig\n' }],
    ['a deeper file', { '.gitignore': 'kubeconfig\n', 'a/b/.gitignore': '!kubeconfig\nsecrets.yaml\n' }],
    ['comments, blanks and escapes', { '.gitignore': '# kubeconfig\n\n\\kubeconfig  \nsecrets.yaml\\ \n' }],
    ['a byte order mark', { '.gitignore': '\uFEFFkubeconfig\n' }],
    ['brackets', { '.gitignore': '[k]ubeconfi[a-g]\nsecrets[!a-z]yam[[:alpha:]]\n' }],
    ['brackets without an end', { '.gitignore': '[kubeconfig\nsecrets.yaml\\\n' }],
    ['the excludes of the repository', { '.git/info/exclude': 'kubeconfig\n', '.gitignore': '!/kubeconfig\n' }],
  ])('takes %s as git does', async (_, texts) => {
    const root = repository();
    write(root, texts);
    await expectLikeGit(root, PATHS, root);
  });

  it.each<[string, Record<string, string>]>([
    ['in the usual place', { '.config/git/ignore': 'kubeconfig\n' }],
    ['in a place of their own', { '.gitconfig': '[core]\n\texcludesFile = ~/mine\n', mine: 'kubeconfig\n' }],
  ])('knows the rules of the user, %s', async (_, texts) => {
    const [root, home] = [repository(), temporaryFolder()];
    write(home, texts);
    await expectLikeGit(root, PATHS, home);
  });

  it('knows linked work trees', async () => {
    const root = repository();
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { stdio: 'pipe' });
    git('commit', '--quiet', '--allow-empty', '-m', 'first');
    const tree = join(temporaryFolder(), 'tree');
    git('worktree', 'add', '--quiet', tree);
    write(root, { '.git/info/exclude': 'kubeconfig\n' });
    await expectLikeGit(tree, PATHS, root);
  });

  it('has nothing to say outside of a work tree', async () => {
    const folder = temporaryFolder();
    expect(await findUnignored([join(folder, 'secrets.yaml')], files, environment(folder))).toEqual([]);
  });

  it('agrees with git about any rules', async () => {
    const root = repository();
    const part = fc.constantFrom('a', 'b', 'ab', '*', '?', '**', '/', '!', '\\', '[ab]', '[!a]', '[', ' ', '#', '.');
    const line = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    const text = fc.array(line, { maxLength: 4 }).map((lines) => `${lines.join('\n')}\n`);
    const name = fc.constantFrom('a', 'b', 'ab', 'ba', '.a', 'c');
    const path = fc
      .array(name, { minLength: 1, maxLength: 4 })
      .map((names) => names.join('/'))
      // A folder, because it has rules in it; only files are asked for.
      .filter((each) => each !== 'a');
    await fc.assert(
      fc.asyncProperty(text, text, fc.uniqueArray(path, { minLength: 1, maxLength: 8 }), async (top, deeper, paths) => {
        write(root, { '.gitignore': top, 'a/.gitignore': deeper });
        await expectLikeGit(root, paths, root);
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});
