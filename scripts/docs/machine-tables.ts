import { flowsOf } from '../../lib/components/firewall-flows.ts';
import type { MachineRole } from '../../lib/model/machine.ts';
import { machineFiles } from '../../lib/output/machine-files.ts';
import type { ClusterPlan } from '../../lib/plan/cluster-plan.ts';
import type { MachinePlan, PlannedUnit } from '../../lib/plan/machine-plan.ts';
import { code, markdownTable } from './markdown.ts';

const UNITS = '/etc/systemd/system/';

const ROLES: readonly MachineRole[] = ['control-plane', 'etcd', 'worker'];

/** The units of each role's machines: name, what it says of itself, which roles have it. */
export function unitTable(plan: ClusterPlan): string {
  const units = byRole(plan, ({ units: all }) => all.map((unit) => [unit.name, unit]));
  const rows = [...units].map(([name, { value, roles }]) => [code(name), describe(value, plan), roles.join(', ')]);
  return markdownTable(['unit', 'what it does', 'machines'], rows);
}

/** The files of each role's machines but their units, folder by folder. */
export function fileTable(plan: ClusterPlan): string {
  const files = byRole(plan, (machine) => {
    return machineFiles(machine).flatMap((file) => (file.path.startsWith(UNITS) ? [] : [[file.path, file] as const]));
  });
  const folders = Map.groupBy(files, ([path, { roles }]) => `${path.slice(0, path.lastIndexOf('/') + 1)} ${roles}`);
  const rows = [...folders.entries()].map(([key, members]) => {
    const [folder = ''] = key.split(' ');
    const names = members.map(([path, { value }]) => {
      return `${code(path.slice(folder.length))}${value.secret ? ' (secret)' : ''}`;
    });
    return [code(folder), names.join(', '), members[0]?.[1].roles.join(', ') ?? ''];
  });
  return markdownTable(
    ['folder', 'files', 'machines'],
    rows.toSorted((left, right) => compare(left[0], right[0])),
  );
}

/** What each role's firewall lets in. */
export function portTable({ cluster }: ClusterPlan): string {
  const rows = flowsOf(cluster).flatMap(({ name, protocol, ports, sources, applies }) => {
    const roles = ROLES.filter((role) => {
      return cluster.machines.some((machine) => machine.role === role && applies(machine, cluster));
    });
    const where = protocol === 'ipip' ? 'IP protocol 4' : `${protocol} ${ports.join(', ')}`;
    return roles.length === 0
      ? []
      : [[where, name, sources.map((source) => SOURCES[source]).join(', '), roles.join(', ')]];
  });
  return markdownTable(['port', 'what', 'from', 'machines'], rows);
}

const SOURCES = {
  anywhere: 'anywhere',
  kubernetes: 'machines with a kubelet, pods',
  'control-plane': 'control-plane machines',
  etcd: 'etcd members',
  mesh: 'machines with BIRD',
  'bgp-peers': 'machines with BIRD, routers',
} as const;

/** Values by key over the first machine of each role, with the roles that have them, sorted by key. */
function byRole<Value>(
  plan: ClusterPlan,
  entriesOf: (machine: MachinePlan) => readonly (readonly [string, Value])[],
): Map<string, { readonly value: Value; readonly roles: MachineRole[] }> {
  const found = new Map<string, { readonly value: Value; readonly roles: MachineRole[] }>();
  for (const role of ROLES) {
    const machine = plan.machines.find((each) => each.machine.role === role);
    if (machine === undefined) continue;
    for (const [key, value] of entriesOf(machine)) {
      const known = found.get(key);
      if (known === undefined) found.set(key, { value, roles: [role] });
      else known.roles.push(role);
    }
  }
  return new Map([...found].toSorted(([left], [right]) => compare(left, right)));
}

function compare(left = '', right = ''): number {
  return left < right ? -1 : 1;
}

/** A unit's own description, without the names of one cluster. */
function describe(unit: PlannedUnit, { cluster }: ClusterPlan): string {
  if (unit.masked) return 'masked';
  const description = /^Description=(.*)$/m.exec(unit.contents ?? '')?.[1];
  if (description === undefined) return "the OS's own";
  return cluster.machines
    .reduce(
      (text, { name, role }) => text.replace(name, 'MACHINE').replace(`${role} machine`, 'ROLE machine'),
      description,
    )
    .replace(` of the cluster ${cluster.name}`, '')
    .replace(/^Keelway: /, '');
}
