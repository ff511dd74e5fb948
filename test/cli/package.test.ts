import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
