import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
let original: string;
beforeAll(async () => {
  cwd = copyExample('ha');
  original = readFileSync(join(cwd, 'cluster.yaml'), 'utf8');
  expect((await run('secrets', 'create')).exitCode).toBe(0);
});
beforeEach(async () => {
  writeFileSync(join(cwd, 'cluster.yaml'), original);
  expect((await run('build')).exitCode).toBe(0);
  expect((await run('plan')).stderr).toContain('build/ha is up to date');
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd });
const out = (path: string): string => join(cwd, 'build/ha', path);
function edit(from: string | RegExp, to: string): void {
  const text = original.replace(from, to);
  expect(text).not.toBe(original);
  writeFileSync(join(cwd, 'cluster.yaml'), text);
}

describe('keelway plan', () => {
  it('shows another SSH key on every machine', async () => {
    edit(
      /sshAuthorizedKeys: \[.*?\]/,
      'sshAuthorizedKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4gW5d1nVb0Iu2v1Q5Ue0N9w8B7o2m5Yv4y0fC3hXkZ a@example.com]',
    );
    const { stdout, stderr } = await run('plan');
    expect(stdout.match(/ accounts changed$/gm)).toHaveLength(8);
    expect(stdout.match(/^ {2}~ accounts$/gm)).toHaveLength(8);
    expect(stderr).toContain('nothing was written; keelway build does it');
    expect((await run('build')).stdout.match(/ accounts changed$/gm)).toHaveLength(8);
    expect((await run('plan')).stderr).toContain('build/ha is up to date');
  });

  it.each([
    ['name servers', 'nameservers: [10.0.0.1]', 'nameservers: [10.0.0.2]'],
    ['the MTU', 'gateway: 10.0.0.1', 'gateway: 10.0.0.1\n    mtu: 9000'],
    ['search domains', 'gateway: 10.0.0.1', 'gateway: 10.0.0.1\n    searchDomains: [example.com]'],
  ])('shows what only the network has: %s', async (_, from, to) => {
    edit(from, to);
    const { stdout, stderr } = await run('plan');
    expect(stdout.match(/network-config changed$/gm)).toHaveLength(8);
    expect(stdout.match(/^ {2}~ network-config$/gm)).toHaveLength(8);
    expect(stderr).toContain('nothing was written');
  });

  it.each<[string, () => void, string]>([
    ['a missing seed', () => rmSync(out('machines/cp-1/seed.iso')), 'seed.iso'],
    ['an edited configuration', () => appendFileSync(out('machines/cp-1/user-data'), '#'), 'user-data'],
    ['a key that others may read', () => chmodSync(out('machines/cp-1/user-data'), 0o644), 'user-data'],
  ])('shows %s, and build says that it mends it', async (_, damage, name) => {
    damage();
    const { stdout, stderr } = await run('plan');
    expect(stdout).toContain(`cp-1\n  ~ ${name}\n`);
    expect(stdout.match(/ unchanged$/gm)).toHaveLength(7);
    expect(stderr).toContain('nothing was written; keelway build does it');
    const json = JSON.parse((await run('plan', '--output', 'json')).stdout);
    expect(json.machines[0]).toMatchObject({ machine: 'cp-1', kind: 'changed', changed: [], outputs: [name] });
    const built = await run('build');
    expect(built.stdout).toMatch(new RegExp(`^  cp-1 .* ${name} changed$`, 'm'));
    expect(built.stderr).toContain('wrote build/ha');
  });

  it('shows what is of no machine', async () => {
    writeFileSync(out('plan.json'), '{}');
    const { stdout, stderr } = await run('plan');
    expect(stdout.match(/ unchanged$/gm)).toHaveLength(8);
    expect(stdout).toMatch(/^ {2}~ plan\.json$/m);
    expect(stderr).toContain('nothing was written; keelway build does it');
  });

  it('writes nothing, not even into an empty folder', async () => {
    mkdirSync(join(cwd, 'empty'));
    expect((await run('plan', '-o', 'empty')).exitCode).toBe(0);
    expect(lstatSync(join(cwd, 'empty')).isDirectory()).toBe(true);
  });
});

describe.each(['plan', 'build'])('keelway %s', (verb) => {
  it('refuses the output of another cluster', async () => {
    edit('name: ha', 'name: other');
    await run('secrets', 'create', '--secrets', 'other.yaml');
    const target = readlinkSync(join(cwd, 'build/ha'));
    const { exitCode, stderr } = await run(verb, '--secrets', 'other.yaml', '-o', 'build/ha');
    expect(stderr).toContain(
      `error[OUTPUT_CONFLICT] ${join(cwd, 'build/ha')} is the output of the cluster ha, not of other`,
    );
    expect(exitCode).toBe(6);
    expect(readlinkSync(join(cwd, 'build/ha'))).toBe(target);
  });

  it.each([
    'null',
    '{',
    '{"kind":"Manifest","cluster":"ha","outputs":[null],"machines":[]}',
    '{"kind":"Manifest","cluster":"ha","outputs":[],"machines":[{"name":"cp-1","files":[null]}]}',
  ])('goes on with a damaged manifest: %s', async (text) => {
    writeFileSync(out('manifest.json'), text);
    const { exitCode, stdout } = await run(verb);
    expect(exitCode).toBe(0);
    expect(stdout.match(/ new$/gm)).toHaveLength(8);
  });
});

describe('keelway build', () => {
  it('removes what interrupted runs left, also when nothing changed', async () => {
    const store = join(cwd, 'build/.ha.generations');
    const current = readdirSync(store);
    const leftovers = [
      join(store, '99/machines/cp-1/user-data'),
      join(store, '0'),
      join(cwd, 'secrets.yaml.leaves/.cp-1.json.new'),
    ];
    for (const path of [leftovers[0], leftovers[2]] as string[]) {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, 'PRIVATE KEY');
    }
    writeFileSync(join(store, 'link-98'), '');
    expect((await run('build')).stderr).toContain('build/ha is up to date');
    expect(readdirSync(store)).toEqual(current);
    expect(leftovers.filter((path) => existsSync(path))).toEqual([]);
  });
});
