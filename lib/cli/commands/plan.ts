import type { MachineChange } from '../../output/compare-manifests.ts';
import type { OutputState } from '../../output/read-output.ts';
import { buildReport, certificateLine, machineTable, otherChanges } from '../build-summary.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile } from '../places.ts';
import { prepareBuild } from '../prepare-build.ts';
import { showWarnings } from '../show-warnings.ts';

/** Shows what a build would change, machine by machine; writes nothing. Certificates that are due are named, not issued. */
export async function plan(input: CommandInput): Promise<number> {
  const { io } = input;
  const prepared = await prepareBuild(input, await clusterFile(input));
  showWarnings(prepared.warnings, io);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(buildReport(prepared, false), null, 2)}\n`);
    return EXIT.ok;
  }
  io.stdout(machineTable(prepared));
  for (const change of prepared.changes) io.stdout(changeLines(change));
  io.stdout(clusterLines(prepared.state));
  io.stdout(certificateLine(prepared, true));
  const { state, folder } = prepared;
  io.stderr(
    state.stale.length > 0 ? 'nothing was written; keelway build does it\n' : `${folder.shown} is up to date\n`,
  );
  return EXIT.ok;
}

/** A new machine's files are all new: their number, which the table has, says enough. */
function changeLines(change: MachineChange): string {
  if (change.kind !== 'changed') return '';
  const { machine, added, changed, removed } = change;
  const lines = [
    ...otherChanges(change).map((name) => `  ~ ${name}`),
    ...changed.map((path) => `  ~ ${path}`),
    ...added.map((path) => `  + ${path}`),
    ...removed.map((path) => `  - ${path}`),
  ];
  return `${machine}\n${lines.join('\n')}\n`;
}

/** Without a previous output, and beside changed machines, they say nothing more. */
function clusterLines({ generation, stale }: OutputState): string {
  if (generation === null || stale.some((path) => path.startsWith('machines/'))) return '';
  return stale.map((path) => `  ~ ${path}\n`).join('');
}
