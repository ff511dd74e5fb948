import { SEED_UNIT } from '../../components/product-unit.ts';
import { KeelwayError } from '../../errors.ts';
import type { Cluster } from '../../model/cluster.ts';
import { controlPlaneMilestones, type Milestone } from '../milestones.ts';
import { labFolder, labLogs } from '../state.ts';
import type { LabWatch } from '../wait-until-up.ts';
import { lastProgramLines } from './program-logs.ts';
import { isWell, type ProgramStatus, readProgramsStatus } from './program-status.ts';

/**
 * What a lab of programs reaches.
 *
 * @param name - The lab's.
 * @returns Milestones that throw `LAB_FAILED` when the supervisor could not start everything.
 */
export function programsWatch(cluster: Cluster, name: string): LabWatch {
  const folder = labFolder(name);
  const logs = labLogs(name);
  const look = `keelway lab status --name ${name}, and the logs in ${logs}`;
  const lacking = (
    milestone: Milestone['name'],
    find: (programs: readonly ProgramStatus[]) => readonly string[],
  ): Milestone => {
    return {
      name: milestone,
      missing: async () => {
        const { failure, machines } = readProgramsStatus(folder);
        if (failure !== null) throw failed(failure);
        return cluster.machines.flatMap((machine) => {
          const programs = machines[machine.name];
          if (programs === undefined) return [`${machine.name}: nothing is in its place yet`];
          return find(programs).map((text) => `${machine.name}: ${text}`);
        });
      },
    };
  };
  return {
    milestones: [
      lacking('seeds verified', (programs) => programs.filter(({ name }) => name === SEED_UNIT).flatMap(unwell)),
      ...controlPlaneMilestones(cluster),
      { ...lacking('programs settled', (programs) => programs.flatMap(unwell)), isLast: true },
    ],
    lastLines: async (_, machine) => {
      const programs = readProgramsStatus(folder).machines[machine] ?? [];
      const ill = programs.filter((program) => !isWell(program));
      const shown = ill.length > 0 ? ill : programs;
      return shown.map((program) => `-- ${program.name}\n${lastProgramLines(logs, machine, program.name)}`).join('');
    },
    hint: look,
  };

  function failed(message: string): KeelwayError {
    return new KeelwayError({
      code: 'LAB_FAILED',
      message,
      hint: `the lab runs on, for you to look: ${look}; end it with keelway lab down --name ${name}`,
    });
  }
}

function unwell(program: ProgramStatus): readonly string[] {
  return isWell(program) ? [] : [`${program.name} is ${program.state}`];
}
