import { chooseLab } from '../../lab/choose-lab.ts';
import { type CommandInput, textOption } from '../command.ts';

/** Runs a program on a machine of a lab, with our own standard input and output; its exit code is ours. */
export async function labExec(input: CommandInput): Promise<number> {
  const [machine = '', ...argv] = input.operands;
  const lab = chooseLab(textOption(input, 'name'));
  return await lab.attach(machine, argv.length === 0 ? ['sh'] : argv);
}
