import { startInside } from '../enter.ts';
import type { Lab } from '../lab.ts';
import type { ProgramHost } from './program-host.ts';

/** The machines of a lab as places for programs. What runs there ends with this process. */
export function labHost(lab: Lab): ProgramHost {
  return {
    run: async (machine, argv, options) => await lab.run(machine, argv, options),
    start: async (machine, argv, { env = {}, logs } = {}) => {
      const started = await startInside(lab.leader(machine), argv, {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        ownSession: true,
        output: (_, text) => logs?.(text),
      });
      return {
        ...started,
        // The output went to `logs`; keeping it too would take memory for as long as the program lives.
        result: async (timeoutMs) => ({ ...(await started.end(timeoutMs)), stdout: '', stderr: '' }),
      };
    },
    hostPath: (machine, path) => lab.hostPath(machine, path),
  };
}
