import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CLUSTER = 'examples/ha/cluster.yaml';
/** Ignored by Git, so that a second run has the same cluster and nothing leaks into a commit. */
const FOLDER = '.keelway/demo';

/** Builds the reference cluster as a user would, and says what came of it. */
function main(): number {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  run('npm', ['run', '--silent', 'build']);
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const secrets = `${FOLDER}/secrets.yaml`;
  const output = `${FOLDER}/ha`;
  if (!existsSync(secrets)) keelway('secrets', 'create', CLUSTER, '--secrets', secrets);
  keelway('build', CLUSTER, '--secrets', secrets, '-o', output);

  say(`\nWhat is in ${output}:`);
  for (const { path, sizeBytes } of outputsOf(output)) {
    say(`  ${path.padEnd(34)} ${String(Math.ceil(sizeBytes / 1000)).padStart(5)} kB`);
  }
  say('  ... the same for every machine; manifest.json names each file with its SHA-256');
  say(`
Next steps:
  npx keelway validate ${CLUSTER}                 who reaches the virtual IP, what etcd survives
  npx keelway render cp-1 --cluster ${CLUSTER} --secrets ${secrets}
  npx keelway plan ${CLUSTER} --secrets ${secrets} -o ${output}
                                                  after an edit: what would change
  mkdir mycluster && cp ${CLUSTER} mycluster/
                                                  a cluster of your own: edit mycluster/cluster.yaml, then
  npx keelway secrets create mycluster/cluster.yaml && npx keelway build mycluster/cluster.yaml`);
  return 0;
}

function outputsOf(output: string): { path: string; sizeBytes: number }[] {
  const manifest = JSON.parse(readFileSync(`${output}/manifest.json`, 'utf8')) as {
    outputs: { path: string; sizeBytes: number }[];
  };
  return manifest.outputs.filter(({ path }) => !path.startsWith('machines/') || path.startsWith('machines/cp-1/'));
}

function keelway(...args: string[]): void {
  say(`\n$ npx keelway ${args.join(' ')}`);
  run(process.execPath, ['dist/cli.js', ...args]);
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = main();
