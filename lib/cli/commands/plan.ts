import type { MachineChange } from '../../output/compare-manifests.ts';
import { buildReport, certificateLine, machineTable } from '../build-summary.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { prepareBuild } from '../prepare-build.ts';
import { showWarnings } from '../show-warnings.ts';

/** Shows what a build would change, file by file; writes nothing. Certificates that are due are named, not issued. */
export async function plan(input: CommandInput): Promise<number> {
  const { io } = input;
  const prepared = await prepareBuild(input);
  showWarnings(prepared.warnings, io);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(buildReport(prepared, false), null, 2)}\n`);
    return EXIT.ok;
  }
  io.stdout(machineTable(prepared));
  for (const change of prepared.changes) io.stdout(fileLines(change));
  io.stdout(certificateLine(prepared, true));
  const changes = prepared.changes.some(({ kind }) => kind !== 'unchanged');
  io.stderr(changes ? `nothing was written; keelway build does it\n` : `${prepared.folder.shown} is up to date\n`);
  return EXIT.ok;
}

/** A new machine's files are all new: their number, which the table has, says enough. */
function fileLines({ machine, kind, added, changed, removed }: MachineChange): string {
  if (kind !== 'changed') return '';
  const lines = [
    ...changed.map((path) => `  ~ ${path}`),
    ...added.map((path) => `  + ${path}`),
    ...removed.map((path) => `  - ${path}`),
  ];
  return `${machine}\n${lines.join('\n')}\n`;
}
