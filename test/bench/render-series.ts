import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../lib/model/cluster.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { sha256 } from '../../lib/output/hash.ts';
import { planCertificates } from '../../lib/pki/certificates.ts';
import { issueCertificates } from '../../lib/pki/issue-certificates.ts';
import type { MachineContext } from '../../lib/plan/machine-plan.ts';
import { planMachine } from '../../lib/plan/plan-cluster.ts';
import { renderCloudInit } from '../../lib/render/cloud-init.ts';
import { ignitionConfig, renderIgnition } from '../../lib/render/ignition.ts';
import type { SecretsBundle } from '../../lib/secrets/secrets-bundle.ts';
import { toolPath } from '../tools/tools.ts';
import { butaneFile, requireSameFiles } from './butane-file.ts';
import { environmentOf } from './fixture.ts';
import type { Meter } from './measure.ts';
import { ownCpu, type Series } from './series.ts';

const MACHINES = 100;

/**
 * One control-plane machine from the model to its configuration, in a warm process, and the butane command turning the
 * very same files into the same kind of configuration.
 *
 * butane is given finished files; Keelway makes theirs: that work is in its figure.
 */
export async function renderSeries(
  scratch: string,
  meter: Meter,
  cluster: Cluster,
  secrets: SecretsBundle,
): Promise<readonly Series[]> {
  const context = await contextOf(cluster, secrets);
  const plan = planMachine(context, sha256);
  const source = join(scratch, 'machine.bu');
  writeFileSync(source, butaneFile(plan));
  const butane = async (args: readonly string[]) => {
    return await meter.run({ argv: [toolPath('butane'), ...args], cwd: scratch, env: environmentOf(scratch) });
  };
  requireSameFiles(JSON.parse((await butane(['--strict', source])).output), ignitionConfig(plan));
  const ignition = () => void renderIgnition(planMachine(context, sha256));
  const cloudInit = () => void renderCloudInit(planMachine(context, sha256), { hash: sha256 });
  for (const render of [ignition, cloudInit]) ownCpu(MACHINES, render);
  return [
    {
      id: 'ignition',
      command: 'cp-1 planned and rendered as Ignition by Keelway',
      unit: 'us',
      measure: async () => ownCpu(MACHINES, ignition),
    },
    {
      id: 'cloudInit',
      command: 'cp-1 planned and rendered as cloud-init by Keelway',
      unit: 'us',
      measure: async () => ownCpu(MACHINES, cloudInit),
    },
    {
      id: 'butane',
      command: `the same ${plan.files.length} files by butane --strict`,
      unit: 'us',
      measure: async () => (await butane(['--strict', source])).cpuMs * 1000,
    },
    {
      id: 'butaneStart',
      command: 'butane --version',
      unit: 'us',
      measure: async () => (await butane(['--version'])).cpuMs * 1000,
    },
  ];
}

async function contextOf(cluster: Cluster, secrets: SecretsBundle): Promise<MachineContext> {
  const { clock, random } = nodePorts();
  const settings = cluster.pki;
  const { bundle } = await issueCertificates(planCertificates(cluster), secrets, { clock, random, settings });
  const machine = cluster.machines.find(({ name }) => name === 'cp-1');
  if (machine === undefined) throw new Error('the example has no cp-1');
  return { cluster, machine, pki: bundle, inputs: { files: {}, assets: [] } };
}
