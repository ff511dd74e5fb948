import { chooseLab } from '../../lab/choose-lab.ts';
import { stopLab, sweep } from '../../lab/start-lab.ts';
import { type CommandInput, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

/** Ends a lab; what dead ones have left goes too. */
export async function labDown(input: CommandInput): Promise<number> {
  const named = textOption(input, 'name');
  const name = named ?? chooseLab(undefined).state.name;
  const found = await stopLab(name);
  await sweep();
  input.io.stderr(found ? `the lab ${name} is gone\n` : `there was no lab called ${name}\n`);
  return EXIT.ok;
}
