import { KeelwayError } from '../errors.ts';
import type { Issue } from '../issue.ts';
import type { Hash } from '../output/hash.ts';
import { describeOutput, type Manifest } from '../output/manifest.ts';
import { objectsDocument } from '../output/objects-document.ts';
import type { OutputFile } from '../output/output-file.ts';
import { planDocument } from '../output/plan-document.ts';
import { renderMachine } from '../output/render-machine.ts';
import type { ClusterPlan } from '../plan/cluster-plan.ts';
import { createYamlWriter } from '../render/yaml.ts';

/** Everything the output folder is to hold. */
export interface RenderedBuild {
  /** `manifest.json` and `plan.json` among them. */
  readonly outputs: readonly OutputFile[];
  readonly manifest: Manifest;
}

/**
 * Renders a planned cluster and checks every machine against the rules of its format.
 *
 * @param createdSeconds - Time of every entry of the seeds, Unix seconds.
 * @throws {@link KeelwayError} `PLAN_INVALID` with one issue for each thing that a target would refuse, at the line of
 * the machine.
 */
export function renderBuild(plan: ClusterPlan, createdSeconds: number, hash: Hash): RenderedBuild {
  const helpers = { hash, toYaml: createYamlWriter() };
  const machines = plan.machines.map((machine) => renderMachine(machine, createdSeconds, helpers));
  const issues = machines.flatMap(({ problems }, index) => problems.map((problem) => toIssue(problem, index)));
  if (issues.length > 0) {
    throw new KeelwayError({
      code: 'PLAN_INVALID',
      message: 'what was rendered would be refused by the machines',
      hint: 'this is a fault in Keelway; please report it with the cluster file',
      issues,
    });
  }
  const outputs = [
    ...machines.flatMap((machine) => machine.outputs),
    ...objectsDocument(plan.cluster),
    planDocument(plan),
  ];
  const manifest = describeOutput(plan.cluster.name, plan.machines, outputs, hash);
  const contents = `${JSON.stringify(manifest, null, 1)}\n`;
  return { outputs: [...outputs, { path: 'manifest.json', contents, secret: true }], manifest };
}

function toIssue(problem: string, machine: number): Issue {
  return { severity: 'error', code: 'PLAN_INVALID', path: ['spec', 'machines', machine], message: problem };
}
