import { resolve } from 'node:path';
import { loadCluster } from '../../build/load-cluster.ts';
import { KeelwayError } from '../../errors.ts';
import type { Lab } from '../../lab/lab.ts';
import type { LabTier } from '../../lab/lab-plan.ts';
import { OVERLAY, OVERLAY_NOTES } from '../../lab/overlay.ts';
import { prepareLab } from '../../lab/prepare-lab.ts';
import { missingOnHost, requireParts } from '../../lab/prerequisites.ts';
import { PROGRAMS_NOTES } from '../../lab/programs/programs-notes.ts';
import { programsWatch } from '../../lab/programs/programs-watch.ts';
import { readPrograms } from '../../lab/programs/read-programs.ts';
import { startSupervisor } from '../../lab/programs/start-supervisor.ts';
import { readProgramsFolder, wrongVersions } from '../../lab/programs-folder.ts';
import { type StartOptions, startLab } from '../../lab/start-lab.ts';
import { checkedName, DISKS_ROOT } from '../../lab/state.ts';
import { waitUntilUp } from '../../lab/wait-until-up.ts';
import type { Cluster } from '../../model/cluster.ts';
import { parseDurationMs } from '../../model/quantities.ts';
import { type CommandInput, isJson, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile, secretsPlace } from '../places.ts';
import { showWarnings } from '../show-warnings.ts';

const DEFAULT_TIMEOUT = '5m';

/** Runs a cluster on this host and waits until it is up. */
export async function labUp(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const timeoutMs = timeoutOf(input);
  const tier: LabTier = textOption(input, 'tier') === 'programs' ? 'programs' : 'machines';
  const file = await clusterFile(input);
  const loaded = loadCluster(file);
  const { cluster } = loaded;
  const name = checkedName(textOption(input, 'name') ?? cluster.name);
  showWarnings(loaded.warnings, io);
  const folder = programsFolder(input);
  const place = secretsPlace(input, file);
  const hasSecrets = textOption(input, 'secrets') !== undefined || (await ports.files.stat(place.path)) !== null;
  const prepared = await prepareLab(loaded, hasSecrets ? place : null, ports);
  const read = tier === 'programs' ? readPrograms : readProgramsFolder;
  const { programs, missing } = read(folder, cluster, prepared.machines);
  const wrong = await wrongVersions(folder, cluster, ports.exec, tier);
  requireParts(missingOnHost(DISKS_ROOT, tier), [...missing, ...wrong], folder);

  const say = (text: string) => io.stderr(`${text}\n`);
  if (!hasSecrets) say('no secrets bundle: the lab has secrets of its own, which end with it');
  say('beside what was rendered, the machines of the lab have:');
  for (const { name, reason } of notesOf(cluster, tier)) say(`  ${name}: ${reason}`);
  const startedMs = performance.now();
  const nowSeconds = ports.clock.nowSeconds();
  const lab = await start(tier, { ...prepared, programs, name, clusterFile: file.path, nowSeconds });
  const names = lab.state.machines.map((machine) => machine.name);
  say(`the lab ${name} runs in the background: ${names.join(', ')}`);
  if (input.options['no-wait'] !== true) {
    await waitUntilUp(lab, cluster, {
      timeoutMs,
      startedMs,
      now: () => performance.now(),
      reached: (milestone, milliseconds) => say(`${(milliseconds / 1000).toFixed(1).padStart(7)} s  ${milestone}`),
      ...(tier === 'programs' ? { watch: programsWatch(cluster, name) } : {}),
    });
  }
  if (isJson(input)) {
    io.stdout(`${JSON.stringify({ name, tier, machines: names, timeline: lab.state.timeline }, null, 2)}\n`);
  } else {
    say(`Next: keelway lab exec --name ${name} client -- kubectl get nodes; the end: keelway lab down --name ${name}`);
  }
  return EXIT.ok;
}

function notesOf(cluster: Cluster, tier: LabTier): readonly { readonly name: string; readonly reason: string }[] {
  if (tier === 'programs') return PROGRAMS_NOTES;
  return [...OVERLAY.filter((entry) => cluster.machines.some(entry.applies)), ...OVERLAY_NOTES];
}

async function start(tier: LabTier, options: StartOptions & { readonly name: string }): Promise<Lab> {
  if (tier === 'machines') return await startLab(options);
  // Seeds are for systems.
  return await startSupervisor(process.argv[1] ?? '', { ...options, seeds: {} });
}

function programsFolder(input: CommandInput): string {
  const named = textOption(input, 'programs') ?? input.io.env.KEELWAY_LAB_PROGRAMS;
  if (named !== undefined && named !== '') return resolve(input.io.cwd, named);
  throw new KeelwayError({
    code: 'USAGE_INVALID',
    message: 'a lab needs a folder with the programs and images',
    hint: 'name it: --programs DIR, or KEELWAY_LAB_PROGRAMS in the environment; docs/testing.md says what is in it',
  });
}

function timeoutOf(input: CommandInput): number {
  const text = textOption(input, 'timeout') ?? DEFAULT_TIMEOUT;
  const milliseconds = parseDurationMs(text);
  if (milliseconds !== null) return milliseconds;
  throw new KeelwayError({
    code: 'USAGE_INVALID',
    message: `--timeout ${text} is not a duration`,
    hint: 'like 90s or 5m',
  });
}
