import { clusterJsonSchemaText } from '../../spec/json-schema.ts';
import type { CommandInput } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

/** Prints the JSON Schema of the cluster file. */
export async function schema({ io }: CommandInput): Promise<number> {
  io.stdout(clusterJsonSchemaText());
  return EXIT.ok;
}
