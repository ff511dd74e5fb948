import { loadCluster } from '../../build/load-cluster.ts';
import { planBuild } from '../../build/plan-build.ts';
import { KeelwayError } from '../../errors.ts';
import { machineFiles } from '../../output/machine-files.ts';
import type { MachinePlan, PlannedFile } from '../../plan/machine-plan.ts';
import { renderCloudInit } from '../../render/cloud-init.ts';
import { renderIgnition } from '../../render/ignition.ts';
import { redactPlan } from '../../render/redact.ts';
import { nearest } from '../../spec/suggest.ts';
import { type CommandInput, isJson, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile, DEFAULT_FILE, secretsPlace } from '../places.ts';
import { textTable } from '../text-table.ts';

/** Prints one file of a machine, or the list of them. Issues what is missing in memory only. */
export async function render(input: CommandInput): Promise<number> {
  const { io } = input;
  const [machineName = '', path] = input.operands;
  const file = await clusterFile(input, textOption(input, 'cluster') ?? DEFAULT_FILE);
  const loaded = loadCluster(file);
  const known = loaded.cluster.machines.map(({ name }) => name);
  if (!known.includes(machineName)) throw unknownMachine(machineName, known);
  const { plan } = await planBuild(loaded, secretsPlace(input, file), input.ports);
  const planned = plan.machines.find(({ machine }) => machine.name === machineName) as MachinePlan;
  // These hold no secret, and the instance id is that of the real contents.
  const isPublic = path === 'meta-data' || path === 'network-config';
  const shown = input.options['show-secrets'] === true || isPublic ? planned : redactPlan(planned);
  if (isJson(input)) {
    const document = path === undefined ? listOf(shown) : { machine: machineName, ...foundFile(shown, path) };
    io.stdout(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    io.stdout(path === undefined ? tableOf(shown) : foundFile(shown, path).contents);
  }
  return EXIT.ok;
}

type ListedFile = Omit<PlannedFile, 'contents' | 'mode'> & { readonly mode: string; readonly sizeBytes: number };

function listOf(plan: MachinePlan): ListedFile[] {
  return machineFiles(plan).map(({ contents, mode, ...file }) => ({
    ...file,
    mode: octal(mode),
    sizeBytes: Buffer.byteLength(contents),
  }));
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function tableOf(plan: MachinePlan): string {
  return textTable(
    listOf(plan).map(({ path, mode, owner, group, sizeBytes, secret }) => {
      return [mode, `${owner}:${group}`, secret ? '' : String(sizeBytes), path, secret ? 'secret' : ''];
    }),
    [2],
  );
}

interface FoundFile {
  readonly path: string;
  readonly contents: string;
}

/** A file with all that is known of it, a unit by its name, or an output. */
function foundFile(plan: MachinePlan, path: string): FoundFile {
  const outputs = renderedOutputs(plan);
  const output = Object.hasOwn(outputs, path) ? outputs[path]?.() : undefined;
  if (output !== undefined) return { path, contents: output };
  const files = machineFiles(plan);
  const file = files.find((each) => each.path === path);
  if (file !== undefined) return { ...file, mode: octal(file.mode) } as FoundFile;
  const unit = plan.units.find(({ name, contents }) => name === path && contents !== null);
  if (typeof unit?.contents === 'string') return { path, contents: unit.contents };
  const near = nearest(path, [
    ...files.map((file) => file.path),
    ...plan.units.map(({ name }) => name),
    ...Object.keys(outputs),
  ]);
  throw new KeelwayError({
    code: 'PLAN_PATH_UNKNOWN',
    message: `${plan.machine.name} gets no ${path}`,
    hint: near === null ? `keelway render ${plan.machine.name} lists what it gets` : `did you mean ${near}?`,
  });
}

function renderedOutputs(plan: MachinePlan): Record<string, () => string> {
  if (plan.machine.configFormat === 'ignition') return { 'ignition.json': () => renderIgnition(plan) };
  return {
    'user-data': () => renderCloudInit(plan).userData,
    'meta-data': () => renderCloudInit(plan).metaData,
    'network-config': () => renderCloudInit(plan).networkConfig,
  };
}

function unknownMachine(name: string, known: readonly string[]): KeelwayError {
  const near = nearest(name, known);
  return new KeelwayError({
    code: 'PLAN_MACHINE_UNKNOWN',
    message: `the cluster file has no machine ${JSON.stringify(name)}`,
    hint: near === null ? `it has ${known.join(', ')}` : `did you mean ${near}?`,
  });
}
