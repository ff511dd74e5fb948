import type { MachinePlan } from '../plan/machine-plan.ts';
import { checkCloudConfig } from '../render/check-cloud-config.ts';
import { checkIgnition } from '../render/check-ignition.ts';
import type { TreeNode } from '../render/check-tree.ts';
import { cloudConfig, renderCloudInit } from '../render/cloud-init.ts';
import { ignitionConfig, renderIgnition } from '../render/ignition.ts';
import type { YamlValue } from '../render/yaml.ts';
import type { Hash } from './hash.ts';
import type { OutputFile } from './output-file.ts';
import { cloudInitMedia, ignitionCpio } from './seed.ts';

export interface RenderedMachine {
  readonly outputs: readonly OutputFile[];
  /** What the target would refuse, in words; empty as long as the planner is right. */
  readonly problems: readonly string[];
}

/** What all machines of a build are rendered with, so that what they have in common is worked on once. */
export interface RenderHelpers {
  readonly hash: Hash;
  readonly toYaml: (value: YamlValue) => string;
}

/**
 * Renders everything a machine can be booted with, in the format of its OS, and checks it against that format's rules.
 *
 * @param createdSeconds - Time of every entry of the seeds, Unix seconds.
 */
export function renderMachine(
  plan: MachinePlan,
  createdSeconds: number,
  { hash, toYaml }: RenderHelpers,
): RenderedMachine {
  const output = (name: string, contents: OutputFile['contents'], secret: boolean): OutputFile => ({
    path: `machines/${plan.machine.name}/${name}`,
    contents,
    secret,
  });
  if (plan.machine.configFormat === 'ignition') {
    const config = ignitionConfig(plan);
    const text = renderIgnition(plan, config);
    return {
      outputs: [
        output('ignition.json', text, true),
        output('seed.cpio', ignitionCpio(plan, text, createdSeconds), true),
      ],
      problems: checkIgnition(config),
    };
  }
  const config = cloudConfig(plan);
  const seed = renderCloudInit(plan, { hash, config, toYaml });
  const media = cloudInitMedia(seed, createdSeconds);
  return {
    outputs: [
      output('user-data', seed.userData, true),
      output('meta-data', seed.metaData, false),
      output('network-config', seed.networkConfig, false),
      output('seed.iso', media.iso, true),
      output('seed.cpio', media.cpio, true),
    ],
    problems: checkCloudConfig(config, otherNodes(plan)),
  };
}

/** What user-data makes by script. */
function otherNodes(plan: MachinePlan): TreeNode[] {
  return [
    ...plan.directories.map(({ path, mode }): TreeNode => ({ path, mode, type: 'directory' })),
    ...plan.links.map(({ path }): TreeNode => ({ path, type: 'link' })),
  ];
}
