import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { isAlive } from '../processes.ts';
import { labFolder, type StartOptions, startLab } from '../start-lab.ts';
import { labLogs } from '../state.ts';
import { labHost } from './lab-host.ts';
import { keepProgramLogs } from './program-logs.ts';
import { type ProgramsStatus, writeProgramsStatus } from './program-status.ts';
import { registerNodes } from './register-nodes.ts';
import { type MachinePrograms, startPrograms } from './start-programs.ts';

const LOOK_MS = 250;

/** What a lab of programs is started with. */
export type SuperviseOptions = Omit<StartOptions, 'tier' | 'diesWithUs' | 'powerOn'> & { readonly name: string };

/** Who is told of it. */
export interface SuperviseListener {
  /** Called when the machines are on, before anything is put on them. */
  readonly ready: () => void;
  /** Gets what the supervisor cannot do, as a line. */
  readonly complain: (line: string) => void;
}

/**
 * Makes a lab of programs, starts everything in it and keeps it running; returns when the lab has ended. Whatever ends this
 * process ends the lab.
 *
 * @throws {@link KeelwayError} `LAB_EXISTS`, or `LAB_FAILED`, before `ready`; nothing is left then.
 */
export async function superviseLab(options: SuperviseOptions, listener: SuperviseListener): Promise<void> {
  const folder = labFolder(options.name);
  const lab = await startLab({ ...options, tier: 'programs' });
  listener.ready();
  let machines: readonly MachinePrograms[] = [];
  let failure: string | null = null;
  const host = labHost(lab);
  startPrograms({
    plan: options,
    host,
    logs: keepProgramLogs(labLogs(options.name), (error) => listener.complain(`logs are lost: ${error.message}`)),
    placed: (placed) => {
      machines = placed;
    },
  })
    .then(async () => await registerNodes(host, options.machines))
    .catch((error: Error) => {
      failure = error.message;
    });
  let written = '';
  while (isUp(lab)) {
    const text = `${JSON.stringify(statusOf(machines, failure), null, 1)}\n`;
    if (text !== written) writeProgramsStatus(folder, text);
    written = text;
    await sleep(LOOK_MS);
  }
}

function isUp(lab: Lab): boolean {
  return isAlive(lab.state.init);
}

function statusOf(machines: readonly MachinePrograms[], failure: string | null): ProgramsStatus {
  const shown = machines.map(({ name, programs }) => [
    name,
    programs.map((program) => {
      return { name: program.name, kind: program.kind, state: program.state(), restarts: program.restarts() };
    }),
  ]);
  return { failure, machines: Object.fromEntries(shown) as ProgramsStatus['machines'] };
}
