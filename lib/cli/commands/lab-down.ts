import { chooseLab, runningLabs } from '../../lab/choose-lab.ts';
import { stopLab, sweep } from '../../lab/start-lab.ts';
import { checkedName } from '../../lab/state.ts';
import { type CommandInput, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

/** Ends a lab; what dead ones have left goes first, and is enough when none is named and none runs. */
export async function labDown(input: CommandInput): Promise<number> {
  const { io } = input;
  const named = textOption(input, 'name');
  if (named !== undefined) checkedName(named);
  const swept = await sweep();
  for (const name of swept) if (name !== named) io.stderr(`removed what was left of the lab ${name}\n`);
  if (named === undefined && runningLabs().length === 0) {
    if (swept.length === 0) io.stderr('no lab is running\n');
    return EXIT.ok;
  }
  const name = named ?? chooseLab(undefined).state.name;
  const found = await stopLab(name);
  io.stderr(found || swept.includes(name) ? `the lab ${name} is gone\n` : `there was no lab called ${name}\n`);
  return EXIT.ok;
}
