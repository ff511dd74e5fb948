import { runningLabs } from '../../lab/choose-lab.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
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
  for (const { name, endpoint, clusterFile, machines, timeline } of reports) {
    io.stdout(`${name}  endpoint ${endpoint}${clusterFile === null ? '' : `  from ${clusterFile}`}\n`);
    io.stdout(textTable(machines.map((each) => [each.name, each.role ?? 'lab', each.state])));
    for (const [milestone, milliseconds] of Object.entries(timeline)) {
      io.stdout(`${(milliseconds / 1000).toFixed(1).padStart(9)} s  ${milestone}\n`);
    }
  }
  return EXIT.ok;
}

async function reportOf(lab: Lab) {
  const { name, endpoint, clusterFile, machines, timeline } = lab.state;
  return {
    name,
    endpoint,
    clusterFile,
    machines: await Promise.all(
      machines.map(async (machine) => ({ name: machine.name, role: machine.role, state: await stateOf(lab, machine) })),
    ),
    timeline,
  };
}

/** What systemd says of itself: running, starting, degraded. */
async function stateOf(lab: Lab, { name, kind }: Lab['state']['machines'][number]): Promise<string> {
  if (!lab.isOn(name)) return 'off';
  if (kind === 'plain') return 'on';
  return (await lab.run(name, ['systemctl', 'is-system-running'])).stdout.trim() || 'booting';
}
