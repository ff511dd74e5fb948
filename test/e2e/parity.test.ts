import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../lib/output/hash.ts';
import { machineFiles } from '../../lib/output/machine-files.ts';
import type { MachinePlan } from '../../lib/plan/machine-plan.ts';
import { renderCloudInit } from '../../lib/render/cloud-init.ts';
import { renderIgnition } from '../../lib/render/ignition.ts';
import { buildExample } from '../harness/build-example.ts';
import { samplePlan } from '../lib/render/sample-plan.ts';
import { inRoot, toolPath } from '../tools/tools.ts';

/** Type, mode, owner, group and digest or target. */
type Snapshot = Record<string, string[]>;

const SNAPSHOT = fileURLToPath(new URL('root-snapshot.py', import.meta.url));

/** What each program leaves for itself, and what cloud-init does to any machine whatever the configuration says. */
const OWN_TRACES = [
  /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/,
  /^\/etc\/\.(pwd\.lock|updated)$/,
  /^\/etc\/\.ignition-result\.json$/,
  /^\/etc\/systemd\/system-preset(\/20-ignition\.preset)?$/,
  /^\/var\/lib\/cloud(\/|$)/,
  /^\/var\/log(\/|$)/,
  /^\/var\/(lib|cache)\/(apt|dpkg|systemd|dbus)(\/|$)/,
  /^\/root\/\.(ssh|cache)(\/|$)/,
  /^\/etc\/ssh\/(ssh_host_.*|sshd_config\.d\/50-cloud-init\.conf)$/,
  // Ignition leaves the network to files of the target OS, which this root is not.
  /^\/etc\/(netplan|network|systemd\/network|udev)(\/|$)/,
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-parity-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  /** What was not there before, or was different. */
  readonly changes: Snapshot;
  /** Everything that is there. */
  readonly tree: Snapshot;
}

/** Runs a script in a fresh copy of the trixie root. */
async function outcomeOf(name: string, files: Record<string, string>, script: string): Promise<Outcome> {
  const work = mkdtempSync(join(folder, `${name}-`));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
  const snapshot = `python3 /snapshot.py /exchange /ignition /snapshot.py ${folder}`;
  const { exitCode, stdout, stderr } = await inRoot(
    'sh',
    ['-c', `set -eu\n${snapshot} >/exchange/before.json\n${script}\n${snapshot} >/exchange/after.json`],
    {
      binds: [
        { from: work, to: '/exchange' },
        { from: SNAPSHOT, to: '/snapshot.py', readOnly: true },
        { from: toolPath('ignition'), to: '/ignition', readOnly: true },
      ],
    },
  );
  expect({ exitCode, output: exitCode === 0 ? '' : `${stdout}\n${stderr}` }).toEqual({ exitCode: 0, output: '' });
  const [before, after] = ['before.json', 'after.json'].map(
    (file) => JSON.parse(readFileSync(join(work, file), 'utf8')) as Snapshot,
  ) as [Snapshot, Snapshot];
  const changed = Object.entries(after).filter(([path, entry]) => String(before[path]) !== String(entry));
  const changes = Object.fromEntries(
    changed
      .filter(([path]) => !OWN_TRACES.some((trace) => trace.test(path)))
      .map(([path, entry]) => [path.replace('/authorized_keys.d/ignition', '/authorized_keys'), entry])
      .filter(([path]) => !String(path).endsWith('/authorized_keys.d')),
  );
  return { changes, tree: after };
}

/**
 * Ignition leaves enabling to the presets of the first boot, so they are applied as systemd does then on its targets, where
 * a unit that no preset names stays disabled.
 */
async function applyIgnition(plan: MachinePlan): Promise<Outcome> {
  const units = plan.units.filter((unit) => unit.enabled || unit.contents !== null).map((unit) => unit.name);
  return await outcomeOf(
    'ignition',
    { 'config.ign': renderIgnition(plan) },
    [
      'export IGNITION_CONFIG_FILE=/exchange/config.ign',
      'run() { /ignition --log-to-stdout --platform=file --root=/ --config-cache=/exchange/cache --neednet=/exchange/net \\',
      '  --state-file=/exchange/state "$@"; }',
      'run --stage=fetch',
      'run --stage=files',
      'echo "disable *" >/usr/lib/systemd/system-preset/99-default.preset',
      `systemctl preset --quiet ${units.join(' ')}`,
    ].join('\n'),
  );
}

const STATUS_CHECK = `
import json, sys
stages = json.load(open("/run/cloud-init/status.json"))["v1"]
problems = [e for s in stages.values() if isinstance(s, dict) for e in [*s["errors"], *s["recoverable_errors"].items()]]
sys.exit(str(problems) if problems else 0)`;

async function applyCloudInit(plan: MachinePlan): Promise<Outcome> {
  const seed = renderCloudInit(plan);
  return await outcomeOf(
    'cloud-init',
    { 'user-data': seed.userData, 'meta-data': seed.metaData, 'network-config': seed.networkConfig },
    [
      'install -d /var/lib/cloud/seed/nocloud',
      'cp /exchange/user-data /exchange/meta-data /exchange/network-config /var/lib/cloud/seed/nocloud/',
      'cloud-init init --local',
      'cloud-init init',
      'cloud-init modules --mode=config',
      'cloud-init modules --mode=final',
      // Warnings are how cloud-init says that it could not do a thing.
      `python3 -c '${STATUS_CHECK}'`,
    ].join('\n'),
  );
}

/** What the plan itself says, in the words of a snapshot. */
function expected(plan: MachinePlan): Snapshot {
  const mode = (value: number) => value.toString(8).padStart(4, '0');
  return Object.fromEntries([
    ...machineFiles(plan).map((file) => [
      file.path,
      ['file', mode(file.mode), file.owner, file.group, sha256(file.contents)],
    ]),
    ...plan.directories.map((each) => [each.path, ['directory', mode(each.mode), each.owner, each.group]]),
    ...plan.links.map(({ path, target }) => [path, ['link', 'root', 'root', target]]),
  ]) as Snapshot;
}

describe('one plan, applied by the real Ignition and the real cloud-init', () => {
  it('gives the same paths, owners, modes and bytes', async () => {
    await compare(samplePlan('debian'));
  });

  it.each(['cp-1', 'etcd-1', 'worker-1'])('does so for %s of the reference topology', async (name) => {
    const { plan } = await buildExample('ha');
    await compare(plan.machines.find(({ machine }) => machine.name === name) as MachinePlan);
  });
});

/** The network card of a machine is not here; everything else is as it would be there. */
async function compare(machine: MachinePlan): Promise<void> {
  const plan = { ...machine, network: { ...machine.network, macAddress: null, interfaceName: 'lo' } };
  const [ignition, cloudInit] = [await applyIgnition(plan), await applyCloudInit(plan)];
  expect(cloudInit.changes).toEqual(ignition.changes);
  expect(ignition.tree).toMatchObject(expected(plan));
}
