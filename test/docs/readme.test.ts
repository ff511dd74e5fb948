import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOT_RUN, RUN_BY } from './commands.ts';
import { commandsOf, DOCUMENTS, readDocument, snippetsOf } from './document.ts';
import { type CommandResult, newWorkspace, type Workspace } from './workspace.ts';

const README = readDocument('README.md');

/** What the text around a command promises: said on stdout or stderr. */
const PROMISES: Readonly<Record<string, readonly RegExp[]>> = {
  'npx keelway validate examples/ha/cluster.yaml': [/ETCD_NO_FAULT_TOLERANCE/, /10\.0\.0\.100/, /etcd/],
  'npx keelway secrets create examples/ha/cluster.yaml': [/wrote examples\/ha\/secrets\.yaml \(0600/],
  'npx keelway build examples/ha/cluster.yaml': [
    /Kubernetes 1\.36\.4 {2}etcd 3\.6\.16 {2}VIP 10\.0\.0\.100 \(bgp-mesh\)/,
    /46 certificates: 46 issued/,
    /wrote build\/ha/,
  ],
  'npx keelway plan examples/ha/cluster.yaml': [/46 reused/, /build\/ha is up to date/],
  'npx keelway kubeconfig examples/ha/cluster.yaml -o kubeconfig': [/wrote kubeconfig \(0600\)/],
};

let workspace: Workspace;
const results = new Map<string, CommandResult>();

beforeAll(async () => {
  workspace = newWorkspace();
  for (const command of commandsOf(README)) results.set(command, await workspace.run(command));
}, 600_000);
afterAll(() => workspace?.remove());

describe('README', () => {
  it.each(commandsOf(README))('%s', (command) => {
    const result = results.get(command);
    expect(result?.exitCode, result?.stderr).toBe(0);
    for (const promise of PROMISES[command] ?? []) expect(`${result?.stdout}\n${result?.stderr}`).toMatch(promise);
  });

  it('has commands that keep its promises', () => {
    expect(Object.keys(PROMISES).filter((command) => !results.has(command))).toEqual([]);
  });

  it('names every output, and what it names is there', async () => {
    const named = [...README.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) => {
      const paths = [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
      const folder = paths[0]?.includes('/') ? paths[0].slice(0, paths[0].lastIndexOf('/') + 1) : '';
      return paths.map((path) => (path.includes('/') ? path : folder + path));
    });
    const output = join(workspace.folder(), 'build/ha');
    const mixed = 'examples/mixed/cluster.yaml';
    await succeed(`npx keelway secrets create ${mixed} && npx keelway build ${mixed}`);
    for (const path of named) {
      const place = path.endsWith('ignition.json') ? '../mixed/machines/worker-1/ignition.json' : path;
      expect(existsSync(join(output, place.replace('<name>', 'cp-1'))), path).toBe(true);
    }
    const { outputs } = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')) as {
      outputs: { path: string }[];
    };
    const written = new Set(outputs.map(({ path }) => path.replace(/^machines\/[^/]+/, 'machines/<name>')));
    expect([...written].filter((path) => !named.includes(path))).toEqual([]);
  });

  it('writes what holds keys for its owner alone', () => {
    for (const path of [
      'build/ha/machines/cp-1/user-data',
      'build/ha/manifest.json',
      'kubeconfig',
      'examples/ha/secrets.yaml',
    ]) {
      expect(statSync(join(workspace.folder(), path)).mode & 0o777, path).toBe(0o600);
    }
  });

  it('leaves nothing behind that Git would take for a change', async () => {
    const { stdout } = await workspace.run('git status --porcelain');
    expect(stdout).toBe('');
  });

  it('does the main job by npm run demo, too, and the next steps that it prints work', async () => {
    const { stdout } = await succeed('npm run demo');
    expect(stdout).toMatch(/worker-3 .* new$/m);
    const steps = [...stdout.matchAll(/^ {2}((?:npx keelway|mkdir) .*?)(?: {2,}.*)?$/gm)].map(([, step = '']) => step);
    expect(steps.length).toBeGreaterThan(2);
    for (const step of steps) await succeed(step);
    expect((await succeed('npm run demo')).stdout).toMatch(/worker-3 .* unchanged$/m);
  }, 300_000);

  it('shows a part of the example', () => {
    const [excerpt = ''] = snippetsOf(README, 'yaml');
    const example = readDocument('examples/ha/cluster.yaml').split('\n');
    expect(excerpt.split('\n').filter((line) => !line.trim().startsWith('#') && !example.includes(line))).toEqual([]);
  });

  it('has a snippet that works with the packed package and compiles', async () => {
    const repository = workspace.folder();
    const commands = [
      'tarball=$(npm pack --silent) && mkdir ../user && mv "$tarball" ../user/keelway.tgz',
      'cp examples/ha/cluster.yaml ../user/ && cd ../user',
      'npm init --yes --init-type=module && npm install --silent ./keelway.tgz',
    ];
    for (const command of commands) await succeed(command);
    const [snippet = ''] = snippetsOf(README, 'ts');
    const run = await runSnippet(snippet, repository);
    expect(run.stdout).toMatch(/^cp-1 \d+ files \d+ bytes\n(.+\n){6}worker-3 \d+ files \d+ bytes$/);
    await succeed(`cd "${repository}"`);
  }, 300_000);
});

describe('the other documents', () => {
  it.each(DOCUMENTS)(
    '%s: its commands and then its TypeScript work, one after another, from a clone that is built',
    async (path) => {
      await succeed('git clean -fdxq --exclude=node_modules --exclude=dist');
      await succeed('git checkout --quiet .');
      const here = commandsOf(readDocument(path)).filter(
        (command) => NOT_RUN[command] === undefined && RUN_BY[command] === undefined,
      );
      for (const command of here) await succeed(command);
      // On what the commands have made.
      for (const snippet of snippetsOf(readDocument(path), 'ts')) await runSnippet(snippet, workspace.folder());
    },
    240_000,
  );

  it('have scripts in package.json for what is not run', () => {
    const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> };
    const names = Object.keys(NOT_RUN).flatMap((command) => /^npm (?:run )?([\w:-]+)/.exec(command)?.[1] ?? []);
    expect(names.filter((name) => name !== 'ci' && scripts[name] === undefined)).toEqual([]);
  });
});

async function succeed(command: string): Promise<CommandResult> {
  const result = await workspace.run(command);
  expect(result.exitCode, `${command}\n${result.stdout}\n${result.stderr}`).toBe(0);
  return result;
}

/** Runs a snippet where the user stands, with the tools of the repository, and checks its types. */
async function runSnippet(snippet: string, repository: string): Promise<CommandResult> {
  const tools = `${repository}/node_modules`;
  writeFileSync(join(workspace.folder(), 'snippet.ts'), snippet);
  const result = await succeed(`"${tools}/.bin/node" snippet.ts`);
  const options = `--noEmit --ignoreConfig --strict --module nodenext --target es2024 --types node --typeRoots "${tools}/@types"`;
  await succeed(`"${tools}/.bin/tsc" ${options} snippet.ts`);
  return result;
}
