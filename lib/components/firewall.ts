import type { Cluster } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { rootDirectory } from './control-plane-files.ts';
import { type Flow, type FlowSource, flowSources, flowsOf } from './firewall-flows.ts';
import { firewallScript } from './firewall-script.ts';
import {
  FIREWALL_LOADED,
  FIREWALL_UNIT,
  mainServices,
  oneshotScript,
  plainFile,
  productService,
  scriptCommand,
  scriptFile,
} from './product-unit.ts';

const SCRIPT = 'firewall';
const RULES_FILE = '/etc/keelway/firewall.nft';
/** Rules of the machine's administrator, for the chain `site`: files named `*.nft`. */
const DROP_IN_FOLDER = '/etc/keelway/firewall.d';

/**
 * The machine's firewall: the table `inet keelway`, which refuses what the port matrix does not name, and the unit that
 * loads it.
 *
 * It looks at traffic to the machine itself only. Forwarded traffic, which is the pods' and Services', is kube-proxy's
 * and Calico's, and their tables are never touched: services that flush the whole rule set are masked.
 *
 * A fault in the administrator's rules costs those rules only. Without our own, nothing that listens starts
 * ({@link productService}'s `firewalled`).
 *
 * @see https://wiki.nftables.org/
 */
export function firewall({ cluster, machine }: MachineContext): MachinePart {
  const paths = { nft: programPath(machine.os, 'nft'), rules: RULES_FILE, dropIns: DROP_IN_FOLDER };
  return {
    directories: [rootDirectory(DROP_IN_FOLDER, 0o755)],
    files: [
      plainFile(RULES_FILE, firewallRules(cluster, machine)),
      scriptFile(SCRIPT, firewallScript({ ...paths, loaded: FIREWALL_LOADED })),
    ],
    units: [
      productService({
        name: FIREWALL_UNIT,
        description: 'Keelway: firewall of the machine',
        before: mainServices(machine),
        service: [
          ...oneshotScript(SCRIPT),
          ['ExecReload', `${scriptCommand(SCRIPT)} --reload`],
          ['StandardOutput', 'journal+console'],
          ['StandardError', 'journal+console'],
        ],
      }),
      ...['nftables.service', 'firewalld.service'].map(masked),
    ],
  };
}

function masked(name: string): PlannedUnit {
  return { name, contents: null, enabled: false, masked: true, dropIns: [] };
}

/**
 * One transaction: loaded once or again, there is never a moment without the rules.
 *
 * etcd's ports come before everything that lets pods and Services in. By address and not by interface: where Calico
 * encrypts between machines, machines come through its interface too.
 */
export function firewallRules(cluster: Cluster, machine: Machine): string {
  const flows = flowsOf(cluster).filter(({ applies }) => applies(machine, cluster));
  const closed = flows.filter(({ closedToPods }) => closedToPods);
  const used = new Set(flows.flatMap(({ sources }) => sources));
  const sets = Object.entries(flowSources(cluster)).filter(([name]) => used.has(name as FlowSource));
  return `# Keelway: firewall of ${machine.name} (${machine.role}), from the port matrix of the cluster ${cluster.name}.
table inet keelway
delete table inet keelway

table inet keelway {
${sets.map(([name, members]) => addressSet(name, members)).join('')}
  chain input {
    type filter hook input priority filter; policy drop;

    iifname "lo" accept
    ct state established,related accept
${closed.flatMap(flowRules).join('')}${closed.flatMap(refusal).join('')}    # To a pod on the host's network, through a Service: kube-proxy has decided already.
    ct status dnat accept
    # Path MTU, reachability and neighbours; redirects are refused by sysctl.
    meta l4proto { icmp, ipv6-icmp } accept
    # Answers to a DHCP broadcast belong to no connection.
    udp sport 67 udp dport 68 accept
    udp sport 547 udp dport 546 accept
${machine.runsKubelet ? POD_RULES : ''}
${flows
  .filter((flow) => !closed.includes(flow))
  .flatMap(flowRules)
  .join('')}
    jump site

    limit rate 5/minute burst 5 packets log prefix "keelway-firewall: " level info
    counter drop
  }

  # ${DROP_IN_FOLDER}/*.nft
  chain site {
  }
}
`;
}

/** What is for nobody else is not for a rule further down to let in either. */
function refusal(flow: Flow): string {
  return `    ${flow.protocol} dport ${ports(flow.ports)} counter drop comment "${flow.name}: nobody else"\n`;
}

/** Policy for pods is Calico's; here it is only about who is one. */
const POD_RULES = `    # Pods of this machine, and what came to it through the overlay.
    iifname "cali*" accept
    iifname "cni*" accept
    iifname "vxlan.calico" accept
    iifname "tunl0" accept
    iifname "wireguard.cali" accept
`;

function addressSet(name: string, members: readonly string[]): string {
  const elements = members.length === 0 ? '' : `    elements = { ${members.join(', ')} }\n`;
  return `  set ${setName(name)} {\n    type ipv4_addr\n    flags interval\n    auto-merge\n${elements}  }\n\n`;
}

function setName(source: string): string {
  return source.replaceAll('-', '_');
}

function flowRules(flow: Flow): string[] {
  const what = flow.protocol === 'ipip' ? 'meta l4proto ipencap' : `${flow.protocol} dport ${ports(flow.ports)}`;
  return flow.sources.map((source) => {
    const from = source === 'anywhere' ? '' : `ip saddr @${setName(source)} `;
    return `    ${from}${what} accept comment "${flow.name}"\n`;
  });
}

function ports(list: Flow['ports']): string {
  return list.length === 1 ? String(list[0]) : `{ ${list.join(', ')} }`;
}
