import { chooseLab } from '../../lab/choose-lab.ts';
import { kubeconfigPath } from '../../lab/start-lab.ts';
import { type CommandInput, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

/** Prints the kubeconfig of a lab's operator. */
export async function labKubeconfig(input: CommandInput): Promise<number> {
  const lab = chooseLab(textOption(input, 'name'));
  input.io.stdout(new TextDecoder().decode(await input.ports.files.read(kubeconfigPath(lab.state.name))));
  return EXIT.ok;
}
