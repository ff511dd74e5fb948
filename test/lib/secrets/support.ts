import { dirname } from 'node:path';
import type { ExecPort, Ports } from '../../../lib/ports.ts';
import { toolPath } from '../../tools/tools.ts';
import { NOW, portsAt } from '../pki/support.ts';

/** Real effects, with the pinned sops in place of whatever is on PATH. */
export function portsWithSops(seconds: number = NOW): Ports {
  const ports = portsAt(seconds);
  const exec: ExecPort = {
    run: (command, args, options) => ports.exec.run(command === 'sops' ? toolPath('sops') : command, args, options),
  };
  return { ...ports, exec };
}

/** Folder of the real age and age-keygen. */
export function ageFolder(): string {
  return dirname(toolPath('age'));
}
