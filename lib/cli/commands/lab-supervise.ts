import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { KeelwayError } from '../../errors.ts';
import { type SupervisorAnswer, supervisorLogPath } from '../../lab/programs/start-supervisor.ts';
import { type SuperviseOptions, superviseLab } from '../../lab/programs/supervise.ts';
import { labFolder } from '../../lab/start-lab.ts';
import type { CommandInput } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

/** The supervisor of a lab of programs; `lab up` starts it, and tells it what to do over their channel. */
export async function labSupervise({ io }: CommandInput): Promise<number> {
  if (process.send === undefined) {
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: 'keelway lab supervise is a part of keelway lab up',
      hint: 'start a lab: keelway lab up cluster.yaml --tier programs',
    });
  }
  const options = await new Promise<SuperviseOptions | null>((resolve) => {
    process.once('message', (message) => resolve(message as SuperviseOptions));
    process.once('disconnect', () => resolve(null));
  });
  // It was interrupted before it could say anything.
  if (options === null) return EXIT.ok;
  // The one who asked may be gone: the lab runs all the same.
  const answer = async (message: SupervisorAnswer): Promise<void> =>
    await new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
  try {
    await superviseLab(options, {
      ready: () => {
        renameSync(supervisorLogPath(options.name), join(labFolder(options.name), 'supervisor-programs.log'));
        answer({ kind: 'ready' }).catch(() => {});
      },
      complain: (line) => io.stderr(`${line}\n`),
    });
    return EXIT.ok;
  } catch (error) {
    const { code = 'LAB_FAILED', hint } = error instanceof KeelwayError ? error : { code: undefined, hint: undefined };
    const message = error instanceof Error ? error.message : String(error);
    await answer({ kind: 'failed', code, message, hint });
    throw error;
  }
}
