import { loadCluster } from '../../build/load-cluster.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile } from '../places.ts';
import { showWarnings } from '../show-warnings.ts';

export async function validate(input: CommandInput): Promise<number> {
  const { io } = input;
  const file = await clusterFile(input);
  const loaded = loadCluster(file, { strict: input.options.strict === true });
  if (isJson(input))
    io.stdout(`${JSON.stringify({ valid: true, issues: loaded.warnings, cluster: loaded.cluster }, null, 2)}\n`);
  else showWarnings(loaded.warnings, io);
  return EXIT.ok;
}
