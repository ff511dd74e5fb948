import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
beforeAll(() => {
  cwd = copyExample('ha');
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd });
const edit = (from: string, to: string): void => {
  const path = join(cwd, 'cluster.yaml');
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
};
const SANS = '    endpoint: 10.0.0.100:6443\n';

// One story, in order: a new cluster, from nothing to a changed build.
describe('keelway build', () => {
  it('stops without secrets and says the command that makes them', async () => {
    const { exitCode, stdout, stderr } = await run('build');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('error[SECRETS_MISSING] the cluster ha has no secrets yet: there is no secrets.yaml');
    expect(stderr).toContain('keelway secrets create cluster.yaml');
    expect(readdirSync(cwd)).toEqual(['cluster.yaml']);
  });

  it('makes secrets once', async () => {
    const made = await run('secrets', 'create');
    expect(made).toMatchObject({ exitCode: 0, stdout: '' });
    expect(made.stderr).toContain('wrote secrets.yaml (0600, in plain text)');
    expect(made.stderr).toContain('Next: keelway build cluster.yaml');
    expect(statSync(join(cwd, 'secrets.yaml')).mode & 0o777).toBe(0o600);
    const again = await run('secrets', 'create');
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain('error[SECRETS_EXIST]');
  });

  it('shows what a build would do, and writes nothing', async () => {
    for (const argv of [['plan'], ['build', '--dry-run']]) {
      const { exitCode, stdout, stderr } = await run(...argv);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^ {2}cp-1 +10\.0\.0\.11 +control-plane +debian +cloud-init +seed\.iso +\d+ kB +new$/m);
      expect(stdout).toMatch(/^\d+ certificates: \d+ to issue$/m);
      expect(stderr).toContain('nothing was written; keelway build does it');
    }
    expect(readdirSync(cwd).sort()).toEqual(['cluster.yaml', 'secrets.yaml']);
  });

  it('writes every machine, with warnings on stderr', async () => {
    const { exitCode, stdout, stderr } = await run('build');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ha {2}Kubernetes 1\.36\.4 {2}etcd 3\.6\.16 {2}VIP 10\.0\.0\.100 \(bgp-mesh\)$/m);
    expect(stdout).toMatch(/^\d+ certificates: \d+ issued$/m);
    expect(stdout).toMatch(/^the first ends on \d{4}-\d\d-\d\d \(.*\): build again from \d{4}-\d\d-\d\d on, /m);
    expect(stderr).toContain('warning[ETCD_NO_FAULT_TOLERANCE]');
    expect(stderr).toMatch(/wrote build\/ha in \d\.\d\d s\. Next: start each machine with its seed\.iso/);
    const machines = ['cp-1', 'cp-2', 'cp-3', 'etcd-1', 'etcd-2', 'worker-1', 'worker-2', 'worker-3'];
    expect(readdirSync(join(cwd, 'build/ha')).sort()).toEqual(['machines', 'manifest.json', 'plan.json']);
    expect(readdirSync(join(cwd, 'build/ha/machines')).sort()).toEqual(machines);
    for (const machine of machines) {
      const files = readdirSync(join(cwd, 'build/ha/machines', machine)).sort();
      expect(files).toEqual(['meta-data', 'network-config', 'seed.cpio', 'seed.iso', 'user-data']);
    }
  });

  it('keeps every file with a secret to its owner, and no secret out of those', async () => {
    const manifest = JSON.parse(readFileSync(join(cwd, 'build/ha/manifest.json'), 'utf8')) as {
      outputs: { path: string; secret: boolean; mode: string }[];
    };
    for (const { path, secret, mode } of manifest.outputs) {
      const file = join(cwd, 'build/ha', path);
      expect(mode).toBe(secret ? '0600' : '0644');
      expect(statSync(file).mode & 0o777).toBe(Number.parseInt(mode, 8));
      if (!secret) expect(readFileSync(file, 'utf8')).not.toMatch(/PRIVATE KEY|secretbox/);
    }
    expect(statSync(join(cwd, 'build/ha/manifest.json')).mode & 0o777).toBe(0o600);
  });

  it('writes nothing when nothing changed, and says so', async () => {
    const inode = () => lstatSync(join(cwd, 'build/ha')).ino;
    const before = inode();
    const { stdout, stderr } = await run('build');
    expect(stdout).toMatch(/^(\d+) certificates: \1 reused$/m);
    expect(stdout.match(/ unchanged$/gm)).toHaveLength(8);
    expect(stderr).toContain('build/ha is up to date: nothing was written');
    expect(inode()).toBe(before);
  });

  it('says which certificates are due and which files change', async () => {
    edit(SANS, `${SANS}    certSANs: [api.example.com]\n`);
    const { stdout } = await run('plan');
    expect(stdout).toContain(
      '3 to issue again (cp-1 apiserver, cp-2 apiserver, cp-3 apiserver: new SAN api.example.com)',
    );
    expect(stdout).toContain('cp-1\n  ~ /etc/');
    expect(stdout).toContain('  ~ /etc/kubernetes/pki/apiserver/apiserver.crt\n');
    expect(stdout).toMatch(/^ {2}etcd-1 .* unchanged$/m);
  });

  it('issues them again, once, and reports as JSON', async () => {
    const report = JSON.parse((await run('build', '--output', 'json')).stdout);
    expect(report).toMatchObject({ cluster: 'ha', written: true, output: join(cwd, 'build/ha') });
    expect(report.certificates.issued).toEqual(
      ['cp-1', 'cp-2', 'cp-3'].map((name) => ({ id: `${name}/apiserver`, reason: 'new SAN api.example.com' })),
    );
    expect(report.machines.map(({ machine, kind }: { machine: string; kind: string }) => [machine, kind])).toEqual([
      ...['cp-1', 'cp-2', 'cp-3'].map((name) => [name, 'changed']),
      ...['etcd-1', 'etcd-2', 'worker-1', 'worker-2', 'worker-3'].map((name) => [name, 'unchanged']),
    ]);
    const again = JSON.parse((await run('build', '--output', 'json')).stdout);
    expect(again).toMatchObject({ written: false, certificates: { issued: [] } });
  });

  it('takes the cluster file from standard input', async () => {
    const stdin = readFileSync(join(cwd, 'cluster.yaml'), 'utf8');
    const { exitCode, stderr } = await runCli(['build', '-'], { cwd, stdin });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('build/ha is up to date'),
    });
  });

  it('makes warnings fatal with --strict', async () => {
    const { exitCode, stderr } = await run('build', '--strict');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[SPEC_INVALID] cluster.yaml has 1 warning\n  --strict treats warnings as errors');
  });

  it('takes the time of images from SOURCE_DATE_EPOCH', async () => {
    const seed = () => readFileSync(join(cwd, 'out/machines/cp-1/seed.cpio'));
    await runCli(['build', '-o', 'out'], { cwd, env: { SOURCE_DATE_EPOCH: '1700000000' } });
    const first = seed();
    await runCli(['build', '-o', 'out'], { cwd, env: { SOURCE_DATE_EPOCH: '1700000001' } });
    expect(seed().equals(first)).toBe(false);
    await runCli(['build', '-o', 'out'], { cwd, env: { SOURCE_DATE_EPOCH: '1700000000' } });
    expect(seed().equals(first)).toBe(true);
    const wrong = await runCli(['build', '-o', 'out'], { cwd, env: { SOURCE_DATE_EPOCH: 'yesterday' } });
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('error[USAGE_INVALID]') });
  });

  it('refuses to replace a folder that it did not make', async () => {
    const { exitCode, stderr } = await run('build', '-o', '.');
    expect(exitCode).toBe(6);
    expect(stderr).toContain('error[OUTPUT_CONFLICT]');
    expect(existsSync(join(cwd, 'cluster.yaml'))).toBe(true);
  });

  it('drops a machine that is gone', async () => {
    edit('    - {name: worker-3, role: worker, address: 10.0.0.33, mac: 52:54:00:0a:00:21}', '');
    expect((await run('build')).stdout).toMatch(/^ {2}worker-3 +removed$/m);
    expect(existsSync(join(cwd, 'build/ha/machines/worker-3'))).toBe(false);
  });
});
