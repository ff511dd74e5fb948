import { runningLabs } from '../../lab/choose-lab.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { isWell, type ProgramStatus, readProgramsStatus } from '../../lab/programs/program-status.ts';
import { labFolder } from '../../lab/start-lab.ts';
import { type CommandInput, isJson, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { textTable } from '../text-table.ts';

/** Shows the labs of this host. */
export async function labStatus(input: CommandInput): Promise<number> {
  const { io } = input;
  const named = textOption(input, 'name');
  const labs = (named === undefined ? runningLabs() : [named]).map((name) => openLab(labFolder(name), name));
  const reports = await Promise.all(labs.map(reportOf));
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(reports, null, 2)}\n`);
    return EXIT.ok;
  }
  if (reports.length === 0) io.stderr('no lab is running\n');
  for (const { name, tier, endpoint, clusterFile, machines, timeline } of reports) {
    const from = clusterFile === null ? '' : `  from ${clusterFile}`;
    io.stdout(`${name}  ${tier}  endpoint ${endpoint}${from}\n`);
    io.stdout(textTable(machines.flatMap((each) => [[each.name, each.role ?? 'lab', each.state], ...rowsOf(each)])));
    for (const [milestone, milliseconds] of Object.entries(timeline)) {
      io.stdout(`${(milliseconds / 1000).toFixed(1).padStart(9)} s  ${milestone}\n`);
    }
  }
  return EXIT.ok;
}

async function reportOf(lab: Lab) {
  const { name, tier, endpoint, clusterFile, machines, timeline } = lab.state;
  const known = tier === 'programs' ? readProgramsStatus(labFolder(name)).machines : {};
  return {
    name,
    tier,
    endpoint,
    clusterFile,
    machines: await Promise.all(
      machines.map(async (machine) => {
        const programs = known[machine.name] ?? [];
        const state = await stateOf(lab, machine, programs);
        return { name: machine.name, role: machine.role, state, ...(machine.kind === 'programs' ? { programs } : {}) };
      }),
    ),
    timeline,
  };
}

/** One row for each program. */
function rowsOf({ programs = [] }: { readonly programs?: readonly ProgramStatus[] }): readonly string[][] {
  return programs.map(({ name, kind, state, restarts }) => {
    return [
      `  ${name}`,
      kind,
      restarts === 0 ? state : `${state}, started again ${restarts} ${restarts === 1 ? 'time' : 'times'}`,
    ];
  });
}

/** What systemd says of itself: running, starting, degraded; for programs, the same words. */
async function stateOf(
  lab: Lab,
  { name, kind }: Lab['state']['machines'][number],
  programs: readonly ProgramStatus[],
): Promise<string> {
  if (!lab.isOn(name)) return 'off';
  if (kind === 'plain') return 'on';
  if (kind === 'programs') {
    if (programs.some(({ state }) => state === 'failed')) return 'degraded';
    return programs.length > 0 && programs.every(isWell) ? 'running' : 'starting';
  }
  return (await lab.run(name, ['systemctl', 'is-system-running'])).stdout.trim() || 'booting';
}
