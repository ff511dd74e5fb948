import type { MachineChange } from '../output/compare-manifests.ts';
import { type FirstEnd, firstEnd, renewalLine } from './certificate-ends.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { textTable } from './text-table.ts';

/** The build as data: what `--output json` prints. */
export interface BuildReport {
  readonly cluster: string;
  readonly output: string;
  /** False: nothing was written, because nothing changed or because it was only asked. */
  readonly written: boolean;
  readonly machines: readonly MachineReport[];
  readonly certificates: {
    readonly total: number;
    readonly reused: number;
    readonly issued: readonly { readonly id: string; readonly reason: string }[];
    /** The one that ends first. */
    readonly firstEnd: FirstEnd | null;
  };
  readonly warnings: PreparedBuild['warnings'];
}

interface MachineReport extends MachineChange {
  readonly role: string;
  readonly address: string;
  readonly os: string;
  readonly configFormat: string;
  readonly sizeBytes: number;
}

export function buildReport(build: PreparedBuild, written: boolean): BuildReport {
  const { plan, issued, changes, folder, warnings } = build;
  return {
    cluster: plan.cluster.name,
    output: folder.path,
    written,
    machines: plan.cluster.machines.map((machine, index) => ({
      ...(changes[index] as MachineChange),
      role: machine.role,
      address: machine.address,
      os: machine.os,
      configFormat: machine.configFormat,
      sizeBytes: mainOutput(build, machine.name).sizeBytes,
    })),
    certificates: {
      total: issued.leaves.size,
      reused: issued.reused,
      issued: issued.issued,
      firstEnd: firstEnd(issued.leaves.values()),
    },
    warnings,
  };
}

/** `ha  Kubernetes 1.36.4  etcd 3.6.16  VIP 10.0.0.100 (bgp-mesh)`, then a line for each machine. */
export function machineTable(build: PreparedBuild): string {
  const { name, versions, controlPlane, machines } = build.plan.cluster;
  const { vip, endpoint } = controlPlane;
  const api = vip === null ? `API ${endpoint.host}:${endpoint.port}` : `VIP ${vip.address} (${vip.profile})`;
  const rows = machines.map((machine, index) => {
    const output = mainOutput(build, machine.name);
    return [
      machine.name,
      machine.address,
      machine.role,
      machine.os,
      machine.configFormat,
      output.name,
      `${Math.ceil(output.sizeBytes / 1000)} kB`,
      describeChange(build.changes[index] as MachineChange),
    ];
  });
  const gone = build.changes.slice(machines.length).map(({ machine }) => [machine, '', '', '', '', '', '', 'removed']);
  const head = `${name}  Kubernetes ${versions.kubernetes}  etcd ${versions.etcd}  ${api}\n`;
  return head + textTable([...rows, ...gone], [6]);
}

/** The one file a person would carry to the machine. */
function mainOutput(build: PreparedBuild, machine: string): { name: string; sizeBytes: number } {
  const folder = `machines/${machine}/`;
  const records = build.manifest.outputs.filter(({ path }) => path.startsWith(folder));
  const record = ['seed.iso', 'ignition.json'].flatMap((name) =>
    records.filter(({ path }) => path === folder + name),
  )[0];
  return { name: record?.path.slice(folder.length) ?? '', sizeBytes: record?.sizeBytes ?? 0 };
}

function describeChange(change: MachineChange): string {
  const { kind, added, changed, removed } = change;
  if (kind !== 'changed') return kind;
  const others = otherChanges(change);
  const parts = [
    count(changed.length, 'file changed', 'files changed'),
    count(added.length, 'added', 'added'),
    count(removed.length, 'removed', 'removed'),
    others.length === 0 ? '' : `${others.join(', ')} changed`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/**
 * What changes on a machine beside files: accounts, links, the network.
 *
 * An output is named when nothing else explains why it differs: somebody has changed or removed it.
 */
export function otherChanges({ added, changed, removed, settings, outputs }: MachineChange): string[] {
  const network = outputs.filter((name) => name === 'network-config');
  const known = [...settings, ...network];
  if (added.length + changed.length + removed.length + settings.length > 0) return known;
  const configurations = outputs.filter((name) => !DERIVED_OUTPUTS.includes(name));
  return configurations.length > 0 ? configurations : [...outputs];
}

/** Made from the other outputs of a machine, so they change with them. */
const DERIVED_OUTPUTS: readonly string[] = ['meta-data', 'seed.iso', 'seed.cpio'];

/** `57 certificates: 55 reused, 2 issued again (cp-1 apiserver: new SAN api.example.com)`. */
export function certificateLine(build: PreparedBuild, dry: boolean): string {
  const { issued, reused, leaves } = build.issued;
  const fresh = issued.filter(({ reason }) => reason === 'new');
  const again = issued.filter(({ reason }) => reason !== 'new');
  const parts = [
    count(reused, 'reused', 'reused'),
    count(fresh.length, dry ? 'to issue' : 'issued', dry ? 'to issue' : 'issued'),
    count(again.length, dry ? 'to issue again' : 'issued again', dry ? 'to issue again' : 'issued again'),
  ];
  const reasons = Map.groupBy(again, ({ reason }) => reason);
  const why = [...reasons].map(([reason, members]) => `${nameSome(members.map(({ id }) => id))}: ${reason}`);
  const total = `${leaves.size} certificates: ${parts.filter((part) => part !== '').join(', ')}`;
  return `${total}${why.length === 0 ? '' : ` (${why.join('; ')})`}\n${ends(build)}`;
}

/** What the operator must not forget. */
function ends({ issued, plan }: PreparedBuild): string {
  return renewalLine(firstEnd(issued.leaves.values()), plan.cluster.pki);
}

function nameSome(ids: readonly string[]): string {
  const shown = ids.slice(0, 3).map((id) => id.replace('/', ' '));
  return ids.length > 3 ? `${shown.join(', ')} and ${ids.length - 3} more` : shown.join(', ');
}

function count(number: number, one: string, many: string): string {
  return number === 0 ? '' : `${number} ${number === 1 ? one : many}`;
}
