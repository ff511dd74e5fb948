import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { RECIPES } from './catalog.ts';
import { chooseRecipes } from './ensure.ts';
import { installed } from './lib/cache.ts';
import { inRoot, oraclePackages, oracleRoot, toolPath, toolPathAt } from './tools.ts';

const scratch: string[] = [];

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-tools-'));
  scratch.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of scratch.splice(0)) rmSync(folder, { recursive: true });
});

/** How a tool is asked for its version, where it is not `--version`. */
const VERSION_ARGUMENTS: Record<string, string[]> = {
  ...Object.fromEntries(
    ['3.5', '3.6', '3.7'].flatMap((minor) => [
      [`etcdctl-${minor}`, ['version']],
      [`etcdutl-${minor}`, ['version']],
    ]),
  ),
  ...Object.fromEntries(
    ['', '-1.35', '-1.37'].flatMap((suffix) => [
      [`kubeadm${suffix}`, ['version', '-o', 'short']],
      [`kubectl${suffix}`, ['version', '--client']],
    ]),
  ),
  sops: ['--disable-version-check', '--version'],
  'kube-vip': ['version'],
  coredns: ['-version'],
  pause: ['-v'],
};

/** What stands for the version of a tool that is of the machine's own release. */
const VERSION_WORDS: Record<string, string> = { 'systemd-nspawn': 'systemd' };

/** What the `unit` suite promises must be there; of the rest, what this machine has. */
const expected = RECIPES.filter((recipe) => recipe.suites.includes('unit') || installed(recipe) !== undefined);

describe('every tool answers its pinned version', () => {
  const tools = expected.flatMap((recipe) =>
    Object.keys(recipe.tools).map((tool) => ({ tool, version: VERSION_WORDS[tool] ?? recipe.version })),
  );

  it.each(tools)('$tool $version', async ({ tool, version }) => {
    const { all } = await execa('unshare', ['--net', toolPath(tool), ...(VERSION_ARGUMENTS[tool] ?? ['--version'])], {
      all: true,
    });
    expect(all.split(/[\s-]/).map((word) => word.replace(/^v/, ''))).toContain(version);
  });

  it('puts companions beside each other under their plain names', () => {
    expect(readdirSync(join(toolPath('etcd-3.6'), '..'))).toEqual(
      expect.arrayContaining(['etcd', 'etcdctl', 'etcdutl']),
    );
  });
});

describe('a tool that is not there', () => {
  it('is named with the command that makes it', async () => {
    const program = `import { toolPath } from ${JSON.stringify(import.meta.resolve('./tools.ts'))}; toolPath('etcd-3.6')`;
    const { stderr } = await execa(process.execPath, ['--input-type=module', '--eval', program], {
      env: { KEELWAY_TOOLS: scratchFolder() },
      reject: false,
    });
    expect(stderr).toContain('etcd-3.6 3.6.16 is missing; run: npx node test/tools/ensure.ts unit');
  });

  it('is refused with the names there are, when nobody ever made it', () => {
    expect(() => toolPath('etcd')).toThrow(/no tool is called etcd; there are etcd-3\.6, /);
  });
});

describe('a tool of a version', () => {
  it('is the one of the same minor', () => {
    expect(toolPathAt('etcdctl', '3.5.1')).toBe(toolPath('etcdctl-3.5'));
    expect(toolPathAt('kubelet', '1.36.0')).toBe(toolPath('kubelet'));
  });

  it('is refused for a minor that nobody makes', () => {
    expect(() => toolPathAt('kubelet', '1.30.1')).toThrow('no recipe makes kubelet 1.30');
  });
});

describe('choosing what to make', () => {
  it('takes suites, recipes and tools, each once, in the catalog’s order', () => {
    expect(chooseRecipes(['kubelet', 'etcd-3.6', 'etcdctl-3.6']).map((recipe) => recipe.name)).toEqual([
      'etcd-3.6',
      'kubernetes-1.36',
    ]);
    expect(chooseRecipes([])).toEqual(chooseRecipes(['unit']));
    expect(chooseRecipes(['all'])).toEqual(RECIPES);
  });

  it('refuses an unknown name', () => {
    expect(() => chooseRecipes(['unti'])).toThrow('unti is no suite, recipe or tool');
  });
});

describe('the trixie root', () => {
  it('holds the programs of a node, containerd of the second generation among them', () => {
    const packages = oraclePackages();
    expect(packages.systemd).toMatch(/^257\./);
    expect(packages['cloud-init']).toMatch(/^25\./);
    expect(packages.containerd).toMatch(/^2\./);
    expect(packages.runc).toMatch(/^1\.[3-9]/);
  });

  it('is a machine that has never run', () => {
    expect(readFileSync(join(oracleRoot(), 'etc/machine-id'), 'utf8')).toBe('');
    expect(readdirSync(join(oracleRoot(), 'etc/ssh')).filter((name) => name.includes('host'))).toEqual([]);
    expect(existsSync(join(oracleRoot(), 'etc/hostname'))).toBe(false);
  });
});

describe('inRoot', () => {
  it('returns the exit code, standard output and standard error', async () => {
    const result = await inRoot('sh', ['-c', 'cat; echo problem >&2; exit 3'], { input: 'a\n' });
    expect(result).toEqual({ exitCode: 3, stdout: 'a\n', stderr: 'problem\n' });
  });

  it('runs in a host folder, where it may write', async () => {
    const folder = scratchFolder();
    const result = await inRoot('sh', ['-c', 'pwd; echo made >file'], { cwd: folder });
    expect(result).toEqual({ exitCode: 0, stdout: `${folder}\n`, stderr: '' });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('made\n');
  });

  it('shows host files and folders where they are asked for', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), 'host\n');
    const binds = [folder, { from: join(folder, 'file'), to: '/etc/deep/er/file', readOnly: true }];
    const result = await inRoot('sh', ['-c', `cat ${folder}/file /etc/deep/er/file; echo x >/etc/deep/er/file`], {
      binds,
    });
    expect(result.stdout).toBe('host\nhost\n');
    expect(result.stderr).toContain('Read-only file system');
  });

  it('passes on only the environment it is given', async () => {
    const result = await inRoot('env', [], { env: { ANSWER: '42' } });
    const names = result.stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(new Set(names)).toEqual(new Set(['PATH', 'HOME', 'LANG', 'ANSWER', 'PWD', 'OLDPWD']));
  });

  it('has only loopback, unless it is given a network', async () => {
    const links = ['-brief', 'link', 'show', 'up'];
    expect((await inRoot('ip', links)).stdout).toMatch(/^lo .*\n$/);

    const holder = execa(
      'unshare',
      ['--net', 'sh', '-c', 'ip link add keelway0 type bridge; echo ready; exec sleep 60'],
      {
        reject: false,
      },
    );
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      const given = await inRoot('ip', ['-brief', 'link'], { network: `/proc/${holder.pid}/ns/net` });
      expect(given.stdout).toContain('keelway0');
    } finally {
      holder.kill();
      await holder;
    }
  });

  it('leaves no mount, no process and no changed file behind', async () => {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    const marker = `${process.pid}.${Date.now()}`;
    const result = await inRoot('sh', [
      '-c',
      `touch /etc/changed; setsid sleep 60.${marker} >/dev/null 2>&1 & echo done`,
    ]);
    expect(result.stdout).toBe('done\n');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts);
    expect(existsSync(join(oracleRoot(), 'etc/changed'))).toBe(false);
    const processes = await execa('ps', ['-eo', 'args']);
    expect(processes.stdout).not.toContain(`sleep 60.${marker}`);
  });

  it('kills what takes too long', async () => {
    const result = await inRoot('sleep', ['60'], { timeoutMs: 300 });
    expect(result.exitCode).toBe(137);
  });
});
