import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../lib/version.ts';
import { builtProgram } from './built-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPESCRIPT = join(ROOT, 'node_modules/.bin/tsc');

let project: string;

/** The packed tarball, unpacked as npm would, beside the dependencies that npm would install. */
beforeAll(() => {
  builtProgram();
  project = mkdtempSync(join(tmpdir(), 'keelway-package-'));
  const home = join(project, 'node_modules/keelway');
  mkdirSync(home, { recursive: true });
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
      cwd: ROOT,
      encoding: 'utf8',
    }),
  ) as { filename: string }[];
  execFileSync('tar', ['-xzf', join(project, packed?.filename ?? ''), '--strip-components=1', '-C', home]);
  const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
  writeFileSync(join(project, 'package.json'), '{"type": "module"}');
});
afterAll(() => rmSync(project, { recursive: true }));

const USE = `import { readFileSync } from 'node:fs';
import {
  type ClusterPlan, createSecrets, issueCertificates, KeelwayError, nodePorts, parseClusterSpec, planCertificates,
  planCluster, renderCloudInit, renderIgnition, resolveCluster,
} from 'keelway';

const { spec, issues } = parseClusterSpec(readFileSync(process.argv[2] as string));
if (spec === null) throw new KeelwayError({ code: 'SPEC_INVALID', message: 'invalid', issues });
const { cluster } = resolveCluster(spec);
const ports = nodePorts();
const secrets = await createSecrets(cluster, ports);
const issued = await issueCertificates(planCertificates(cluster), secrets, { ...ports, settings: cluster.pki });
const plan: ClusterPlan = planCluster(cluster, issued.bundle, { files: {}, assets: [] });
for (const machine of plan.machines) {
  const bytes = machine.machine.configFormat === 'ignition'
    ? renderIgnition(machine).length
    : renderCloudInit(machine).userData.length;
  console.log(machine.machine.name, bytes > 10_000);
}
`;

const USE_EXISTING = `import { readFileSync } from 'node:fs';
import * as keelway from 'keelway';

const { spec } = keelway.parseClusterSpec(readFileSync('cluster/cluster.yaml'));
if (spec === null) throw new Error('invalid');
const { cluster } = keelway.resolveCluster(spec);
const requests = keelway.planCertificates(cluster);
const ports = keelway.nodePorts();
const path = 'cluster/secrets.yaml';
await keelway.withSecretsLock(path, ports.files, async () => {
  const secrets = await keelway.loadSecrets(path, cluster.name, ports);
  const before: keelway.LeafStore = await keelway.loadLeaves(path, requests, secrets, ports);
  const options = { ...ports, settings: cluster.pki, kept: before.leaves };
  const { leaves, reused } = await keelway.issueCertificates(requests, secrets, options);
  await keelway.saveLeaves(path, before, leaves, secrets, ports);
  console.log(reused, 'reused');
});
`;

describe('the packed package', () => {
  it('is a library that runs and is typed', () => {
    writeFileSync(join(project, 'use.ts'), USE);
    const output = execFileSync(process.execPath, ['use.ts', join(ROOT, 'examples/ha/cluster.yaml')], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(output.trim().split('\n')).toHaveLength(8);
    expect(output).not.toContain('false');
    // Without skipLibCheck: the package's own declarations are checked, too.
    const types = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--typeRoots'];
    execFileSync(TYPESCRIPT, [...types, join(ROOT, 'node_modules/@types'), '--types', 'node', 'use.ts'], {
      cwd: project,
      stdio: 'pipe',
    });
  });

  it('asks for no types but its own', () => {
    writeFileSync(
      join(project, 'bare.ts'),
      "import * as keelway from 'keelway';\nexport const version: string = keelway.VERSION;\n",
    );
    const types = ['--noEmit', '--ignoreConfig', '--strict', '--module', 'nodenext', '--target', 'es2024'];
    const result = spawnSync(TYPESCRIPT, [...types, '--types', '', 'bare.ts'], { cwd: project, encoding: 'utf8' });
    expect(result.stdout).toBe('');
    expect(result.status).toBe(0);
  });

  it('builds a cluster that exists: reuses what the command kept, and keeps what the command reuses', () => {
    const folder = join(project, 'cluster');
    cpSync(join(ROOT, 'examples/ha'), folder, { recursive: true });
    const program = join(project, 'node_modules/keelway/dist/cli.js');
    const keelway = (...args: string[]) =>
      execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    rmSync(join(folder, 'secrets.yaml'), { force: true });
    keelway('secrets', 'create');
    writeFileSync(join(project, 'existing.ts'), USE_EXISTING);
    const run = () => execFileSync(process.execPath, ['existing.ts'], { cwd: project, encoding: 'utf8' });
    expect(run()).toBe('0 reused\n');
    expect(keelway('build')).toMatch(/^46 certificates: 46 reused$/m);
    expect(run()).toBe('46 reused\n');
    const types = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--typeRoots'];
    execFileSync(TYPESCRIPT, [...types, join(ROOT, 'node_modules/@types'), '--types', 'node', 'existing.ts'], {
      cwd: project,
      stdio: 'pipe',
    });
  });

  it('has every file that its README names', () => {
    const home = join(project, 'node_modules/keelway');
    const files = ['README.md', 'docs/library.md', 'docs/errors.md'];
    for (const file of files) {
      const text = readFileSync(join(home, file), 'utf8');
      const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
      const local = links.filter((link) => !link.startsWith('https://'));
      expect(local.filter((link) => !existsSync(join(home, dirname(file), link)))).toEqual([]);
    }
  });

  it('has nothing of a cluster in it', () => {
    const home = join(project, 'node_modules/keelway');
    const names = readdirSync(home, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => /secrets\.yaml|kubeconfig$|generations/.test(name))).toEqual([]);
  });

  it('is a program', () => {
    const program = join(project, 'node_modules/keelway/dist/cli.js');
    expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toBe(`${VERSION}\n`);
    const [first] = execFileSync(program, ['--help'], { encoding: 'utf8' }).split('\n');
    expect(first).toContain(`keelway ${VERSION}`);
  });

  it('has the schema that keelway schema prints', () => {
    const program = join(project, 'node_modules/keelway/dist/cli.js');
    const printed = execFileSync(program, ['schema'], { encoding: 'utf8' });
    expect(readFileSync(join(project, 'node_modules/keelway/cluster.schema.json'), 'utf8')).toBe(printed);
  });
});
