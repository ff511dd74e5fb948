import { generationStore } from '../../output/read-output.ts';
import { writeGeneration } from '../../output/write-generation.ts';
import { leafFolder } from '../../pki/leaf-store.ts';
import { withSecretsLock } from '../../secrets/lock-secrets.ts';
import { buildReport, certificateLine, machineTable } from '../build-summary.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { nextSteps } from '../next-steps.ts';
import { clusterFile, secretsPlace } from '../places.ts';
import { type PreparedBuild, prepareBuild } from '../prepare-build.ts';
import { showWarnings } from '../show-warnings.ts';
import { type SecretPlace, warnUnignored } from '../warn-unignored.ts';
import { plan } from './plan.ts';

/** Writes what every machine needs to boot; writes nothing when that is there already. */
export async function build(input: CommandInput): Promise<number> {
  if (input.options['dry-run'] === true) return await plan(input);
  const { io, ports } = input;
  // Not performance.now(): Node loads a module of its own for that.
  const start = process.hrtime.bigint();
  const file = await clusterFile(input);
  const place = secretsPlace(input, file);
  const { prepared, result } = await withSecretsLock(place.path, ports.files, async () => {
    const prepared = await prepareBuild(input, file);
    showWarnings(prepared.warnings, io);
    // First: a certificate that is in use must never be one that nobody kept.
    await prepared.issued.keep();
    const { folder, outputs, state } = prepared;
    return { prepared, result: await writeGeneration(ports.files, folder.path, outputs, { state }) };
  });

  await warnUnignored(secretPlaces(prepared, place.path), input);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(buildReport(prepared, result === 'written'), null, 2)}\n`);
    return EXIT.ok;
  }
  io.stdout(machineTable(prepared));
  io.stdout(certificateLine(prepared, false));
  const seconds = (Number(process.hrtime.bigint() - start) / 1e9).toFixed(2);
  const { shown } = prepared.folder;
  io.stderr(
    result === 'unchanged'
      ? `${shown} is up to date: nothing was written (${seconds} s)\n`
      : `wrote ${shown} in ${seconds} s. ${nextSteps(prepared)}`,
  );
  return EXIT.ok;
}

/** An encrypted bundle may be committed; what machines boot from is never encrypted. */
function secretPlaces({ folder, issued }: PreparedBuild, bundlePath: string): SecretPlace[] {
  const output = { path: generationStore(folder.path), probe: '1/manifest.json' };
  if (issued.secrets.encryption !== null) return [output];
  return [{ path: bundlePath }, { path: leafFolder(bundlePath), probe: 'machine.json' }, output];
}
