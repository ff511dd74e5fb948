import { KeelwayError } from '../errors.ts';
import { type Lab, openLab } from './lab.ts';
import { isRunning, labFolder, labNames, readState } from './state.ts';

/** Names of the labs that run. */
export function runningLabs(): readonly string[] {
  return labNames().filter((name) => isRunning(readState(labFolder(name))));
}

/**
 * The lab that is meant: the named one, or the only one that runs.
 *
 * @throws {@link KeelwayError} `LAB_NOT_FOUND` when there is none, or more than one and none is named.
 */
export function chooseLab(name: string | undefined): Lab {
  const running = runningLabs();
  const [only, ...others] = running;
  if (name !== undefined) return openLab(labFolder(name), name);
  if (only !== undefined && others.length === 0) return openLab(labFolder(only), only);
  throw new KeelwayError({
    code: 'LAB_NOT_FOUND',
    message: only === undefined ? 'no lab is running' : `several labs are running: ${running.join(', ')}`,
    hint: only === undefined ? 'start one: keelway lab up cluster.yaml --programs DIR' : 'name one: --name NAME',
  });
}
