import { SEED_UNIT } from '../components/product-unit.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Lab } from './lab.ts';

/** Something that a starting cluster reaches. */
export interface Milestone {
  readonly name:
    | 'seeds verified'
    | 'etcd quorum'
    | 'API ready'
    | 'VIP'
    | 'nodes Ready'
    | 'machines settled'
    | 'programs settled';
  /**
   * What is still waited for, one line each; empty when it is reached.
   *
   * @param sinceMs - Unix time of the start: what is older is of an earlier life.
   */
  readonly missing: (lab: Lab, sinceMs: number) => Promise<readonly string[]>;
  /** It says that nothing is left to do, and so is looked at when all others have been reached. */
  readonly isLast?: true;
}

const READY = ['curl', '--silent', '--insecure', '--max-time', '3'];

/** What a lab of this cluster waits for. */
export function milestonesOf(cluster: Cluster): readonly Milestone[] {
  const names = namesIn(cluster);
  const every = names(() => true);
  const controlPlane = names(({ role }) => role === 'control-plane');
  const kubernetes = names(({ runsKubelet }) => runsKubelet);
  return [
    {
      name: 'seeds verified',
      missing: async (lab) =>
        await each(every, async (name) => (await isVerified(lab, name)) || `${name}: its files are not verified yet`),
    },
    ...controlPlaneMilestones(cluster),
    {
      name: 'nodes Ready',
      missing: async (lab, sinceMs) => {
        // Cheaper than kubectl, which machines that start have no time for.
        if (!(await asks(lab, 'client', endpointUrl(cluster)))) return ['the API does not answer the client yet'];
        return await missingNodes(lab, kubernetes, controlPlane, sinceMs);
      },
    },
    {
      name: 'machines settled',
      isLast: true,
      missing: async (lab) => await each(every, async (name) => await unsettled(lab, name)),
    },
  ];
}

/** What the programs of the control plane reach, with or without systems underneath. */
export function controlPlaneMilestones(cluster: Cluster): readonly Milestone[] {
  const names = namesIn(cluster);
  const etcd = names(({ runsEtcd }) => runsEtcd);
  const controlPlane = names(({ role }) => role === 'control-plane');
  const { port, vip, endpoint } = cluster.controlPlane;
  return [
    {
      name: 'etcd quorum',
      missing: async (lab) =>
        await each(etcd, async (name) => (await asks(lab, name, 'http://127.0.0.1:2381/readyz')) || `etcd on ${name}`),
    },
    {
      name: 'API ready',
      missing: async (lab) => {
        const url = `https://127.0.0.1:${port}/readyz`;
        return await each(controlPlane, async (name) => (await asks(lab, name, url)) || `API server of ${name}`);
      },
    },
    {
      name: 'VIP',
      missing: async (lab) => {
        const url = endpointUrl(cluster);
        const what = vip === null ? endpoint.host : `${vip.address} (${vip.profile})`;
        return await each(['client'], async (name) => (await asks(lab, name, url)) || `${what} from the client`);
      },
    },
  ];
}

function endpointUrl({ controlPlane: { endpoint } }: Cluster): string {
  return `https://${endpoint.host}:${endpoint.port}/readyz`;
}

function namesIn({ machines }: Cluster) {
  return (filter: (machine: Cluster['machines'][number]) => boolean): readonly string[] =>
    machines.filter(filter).map(({ name }) => name);
}

/** The texts among the answers. */
async function each(
  names: readonly string[],
  ask: (name: string) => Promise<true | string>,
): Promise<readonly string[]> {
  const answers = await Promise.all(names.map(ask));
  return answers.filter((answer) => answer !== true);
}

async function isVerified(lab: Lab, name: string): Promise<boolean> {
  if (!lab.isOn(name)) return false;
  const { stdout } = await lab.run(name, ['systemctl', 'is-active', SEED_UNIT]);
  return stdout.trim() === 'active';
}

async function asks(lab: Lab, name: string, url: string): Promise<boolean> {
  if (!lab.isOn(name)) return false;
  const { stdout } = await lab.run(name, [...READY, url]);
  return stdout.trim() === 'ok';
}

interface Lease {
  readonly kind: 'Lease';
  readonly metadata: { readonly name: string };
  readonly spec: { readonly renewTime: string };
}

interface Node {
  readonly kind: 'Node';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

async function missingNodes(
  lab: Lab,
  expected: readonly string[],
  controlPlane: readonly string[],
  sinceMs: number,
): Promise<readonly string[]> {
  // Leases of nodes are the only ones in this namespace; for nodes it says nothing.
  const objects = ['nodes,leases.coordination.k8s.io', '--namespace', 'kube-node-lease'];
  const argv = ['kubectl', 'get', ...objects, '--output', 'json', '--request-timeout', '5s'];
  const { exitCode, stdout, stderr } = await lab.run('client', argv);
  if (exitCode !== 0) return [`nodes: ${stderr.trim().split('\n').at(-1)}`];
  const { items } = JSON.parse(stdout) as { items: readonly (Node | Lease)[] };
  return expected.flatMap((name) => {
    const own = items.filter(({ metadata }) => metadata.name === name);
    const node = own.find((each) => each.kind === 'Node');
    if (node === undefined) return [`${name} has not registered`];
    // For 40 s a node that is off stays Ready.
    const renewed = own.find((each) => each.kind === 'Lease')?.spec.renewTime;
    if (renewed === undefined || Date.parse(renewed) < sinceMs)
      return [`the kubelet of ${name} has not been heard yet`];
    const ready = node.status.conditions.find(({ type }) => type === 'Ready')?.status === 'True';
    // The taint goes a moment after the node is Ready, and keeps pods away until then.
    const tainted = node.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready') ?? false;
    if (!ready || tainted) return [`${name} is not Ready`];
    const role = 'node-role.kubernetes.io/control-plane';
    if (controlPlane.includes(name) && !(role in node.metadata.labels)) return [`${name} has no role label yet`];
    return [];
  });
}

/** True when nothing is left to start and nothing has failed. */
async function unsettled(lab: Lab, name: string): Promise<true | string> {
  if (!lab.isOn(name)) return `${name} is off`;
  const { stdout } = await lab.run(name, ['systemctl', 'is-system-running']);
  const state = stdout.trim();
  if (state === 'running') return true;
  const argv = state === 'degraded' ? ['--failed'] : ['list-jobs'];
  const units = await lab.run(name, ['systemctl', ...argv, '--no-legend', '--plain', '--no-pager']);
  const list = units.stdout.match(/[\w@.-]+\.(?:service|timer|mount|socket|target)/g) ?? [];
  return `${name} is ${state || 'not up'}: ${[...new Set(list)].join(', ')}`;
}
