import type { Cluster } from '../../lib/model/cluster.ts';
import type { SecretsBundle } from '../../lib/secrets/secrets-bundle.ts';
import { toolPath } from '../tools/tools.ts';
import { installPlan, unitText } from './install-plan.ts';
import { planForReal, type RealPlan } from './plan-for-real.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';
import type { RunResult } from './sandbox-process.ts';
import { type SandboxUnit, startUnit } from './sandbox-unit.ts';

export interface EtcdCluster {
  readonly sandbox: Sandbox;
  readonly plan: RealPlan;
  readonly members: readonly string[];
  /** Starts etcd.service of a member as it was rendered. */
  start(member: string): Promise<SandboxUnit>;
  /** etcdctl as an administrator types it on the member. */
  etcdctl(member: string, command: string): Promise<RunResult>;
  /** A shell line on the member, as root. */
  shell(member: string, line: string): Promise<RunResult>;
  stop(): Promise<void>;
}

/** The lab has no disks: see etcd-guard.ts. */
const NO_DISK = { KEELWAY_DATA_MOUNT_CHECK: 'skip' };

/** The etcd machines of a cluster, each with everything that was rendered for it, none started. */
export async function etcdCluster(cluster: Cluster, secrets?: SecretsBundle): Promise<EtcdCluster> {
  const plan = await planForReal(cluster, secrets === undefined ? {} : { secrets });
  const machines = cluster.machines.filter((machine) => machine.runsEtcd);
  const minor = cluster.versions.etcd.split('.').slice(0, 2).join('.');
  const binds = Object.fromEntries(
    ['etcd', 'etcdctl', 'etcdutl'].map((name) => [`/usr/local/bin/${name}`, toolPath(`${name}-${minor}`)]),
  );
  const sandbox = await createSandbox({
    subnet: cluster.network.nodeSubnet,
    machines: machines.map(({ name, address }) => ({ name, address, binds })),
  });
  for (const { name } of machines) await installPlan(sandbox, plan.machine(name));
  return {
    sandbox,
    plan,
    members: machines.map(({ name }) => name),
    start: async (member) => await startUnit(sandbox, member, unitText(plan.machine(member), 'etcd.service'), NO_DISK),
    etcdctl: async (member, command) =>
      await sandbox.run(member, ['sh', '-c', `. /etc/profile.d/keelway-etcdctl.sh; exec etcdctl ${command}`]),
    shell: async (member, line) => await sandbox.run(member, ['sh', '-c', line]),
    stop: async () => await sandbox.stop(),
  };
}
