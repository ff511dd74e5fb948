import { writeGeneration } from '../../output/write-generation.ts';
import { buildReport, certificateLine, machineTable } from '../build-summary.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { nextSteps } from '../next-steps.ts';
import { prepareBuild } from '../prepare-build.ts';
import { showWarnings } from '../show-warnings.ts';
import { plan } from './plan.ts';

/** Writes what every machine needs to boot; writes nothing when that is there already. */
export async function build(input: CommandInput): Promise<number> {
  if (input.options['dry-run'] === true) return await plan(input);
  const { io, ports } = input;
  // Not performance.now(): Node loads a module of its own for that.
  const start = process.hrtime.bigint();
  const prepared = await prepareBuild(input);
  showWarnings(prepared.warnings, io);
  // First: a certificate that is in use must never be one that nobody kept.
  await prepared.issued.keep();
  const result = await writeGeneration(ports.files, prepared.folder.path, prepared.outputs);

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
