import { checkUpgrade } from '../build/check-upgrade.ts';
import { type ClusterFile, invalidSpec, loadCluster } from '../build/load-cluster.ts';
import { type PlannedBuild, planBuild, withPositions } from '../build/plan-build.ts';
import { type RenderedBuild, renderBuild } from '../build/render-build.ts';
import { compareManifests, type MachineChange } from '../output/compare-manifests.ts';
import { type OutputState, readOutput } from '../output/read-output.ts';
import { locateIssues } from '../spec/locate.ts';
import type { CommandInput } from './command.ts';
import { createdSeconds } from './created-seconds.ts';
import { clusterWords, outputFolder, secretsPlace } from './places.ts';

/** A build with everything decided and rendered, and nothing written. */
export interface PreparedBuild extends PlannedBuild, RenderedBuild {
  /** What makes another command work on the same cluster. */
  readonly clusterWords: string;
  readonly folder: { readonly path: string; readonly shown: string };
  /** What the output folder holds now. */
  readonly state: OutputState;
  /** Against the output that is there, in the order of the cluster file. */
  readonly changes: readonly MachineChange[];
}

/** What `build` and `plan` have in common. */
export async function prepareBuild(input: CommandInput, file: ClusterFile): Promise<PreparedBuild> {
  const strict = input.options.strict === true;
  const loaded = loadCluster(file, { strict });
  const folder = outputFolder(input, loaded.cluster.name);
  const steps = await checkUpgrade(input.ports.files, folder, loaded.cluster);
  if (steps.some(({ severity }) => severity === 'error')) {
    throw invalidSpec(file.name, locateIssues([...loaded.warnings, ...steps], loaded.source), false);
  }
  const planned = await planBuild(loaded, secretsPlace(input, file), input.ports);
  const warnings = locateIssues([...planned.warnings, ...steps], loaded.source);
  if (strict && warnings.length > 0) throw invalidSpec(file.name, warnings, true);
  const created = createdSeconds(input.io.env) ?? planned.issued.secrets.createdSeconds;
  const rendered = renderLocated(planned, created, loaded.source);
  const state = await readOutput(input.ports.files, folder.path, loaded.cluster.name, rendered.outputs);
  const changes = compareManifests(state.manifest, rendered.manifest, state.stale);
  return { ...planned, ...rendered, warnings, clusterWords: clusterWords(input, file), folder, state, changes };
}

function renderLocated(
  planned: PlannedBuild,
  created: number,
  source: Parameters<typeof withPositions>[1],
): RenderedBuild {
  try {
    return renderBuild(planned.plan, created, planned.hash);
  } catch (error) {
    throw withPositions(error, source);
  }
}
