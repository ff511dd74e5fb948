import { type BgpSettings, type ClusterInputs, machinesOf, type Vip } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import type { MachineContext } from '../plan/machine-plan.ts';
import { bgpPassword } from './bgp-password.ts';

const BGP_PATH = ['spec', 'controlPlane', 'vip', 'bgp'] as const;

/** Seconds between attempts: BIRD's own defaults (5, 120 and 60 to 300) are made for the Internet. */
const TIMING: readonly string[] = ['connect delay time 1;', 'connect retry time 5;', 'error wait time 1, 10;'];

/**
 * BIRD's configuration of a speaker of the mesh; one syntax for BIRD 2.0.12 to 2.20.
 *
 * A control-plane machine announces the VIP exactly while it holds its address: kube-vip keeps it on `lo` as long as the API
 * server is healthy. The address, and not kube-vip's route in table 198, because kube-vip takes the address away in
 * any case, but not a route that it made before it was restarted. Only that address is announced, never a learned route, or a
 * sick machine would offer itself as a detour. It takes the others' routes into the main table, so that packets
 * which still reach a sick machine go on to a healthy one.
 *
 * A worker learns one route with as many next hops as there are healthy machines.
 *
 * Graceful restart is off: a route kept for a speaker that is gone is a black hole. Upstream routers are not asked for
 * BFD: what they can is theirs to say.
 *
 * @throws {@link KeelwayError} as {@link bgpPassword} does.
 * @see https://bird.network.cz/doc/bird-6.html
 */
export function birdConfig(context: MachineContext): string {
  const { cluster, machine } = context;
  const { vip } = cluster.controlPlane;
  if (vip?.profile !== 'bgp-mesh' || vip.bgp === null) throw new RangeError(`${machine.name} is in no mesh`);
  const announces = machine.role === 'control-plane';
  const blocks = [
    head(vip, machine, cluster.name),
    ...(announces ? [ADDRESS_PROTOCOL] : []),
    KERNEL_PROTOCOL,
    BFD_PROTOCOL,
    meshTemplate(machine, vip.bgp, meshPassword(vip.bgp, context.inputs)),
    ...meshPeers(context, vip.bgp).map((peer) => meshProtocol(peer, vip.bgp?.asn ?? 0, announces)),
    ...(announces ? routerProtocols(machine, vip.bgp, context.inputs) : []),
  ];
  return blocks.join('\n');
}

function head(vip: Vip, machine: Machine, cluster: string): string {
  return `# Keelway: BGP of the virtual IP ${vip.address} on ${machine.name} of the cluster ${cluster}
log stderr all;
debug protocols { states };
router id ${machine.address};

define VIP = ${vip.address}/32;

protocol device {
}
`;
}

/** Better than any route that BGP brings, so that it is the one to announce. */
const ADDRESS_PROTOCOL = `# kube-vip keeps the address here while the API server of this machine is healthy.
protocol direct vip_address {
  interface "lo";
  check link off;
  ipv4 {
    import filter {
      if net = VIP then {
        preference = 300;
        accept;
      }
      reject;
    };
  };
}
`;

const KERNEL_PROTOCOL = `# What the others announce, as one route with several next hops.
protocol kernel main_table {
  merge paths on;
  ipv4 {
    import none;
    export filter {
      if net = VIP && source = RTS_BGP then accept;
      reject;
    };
  };
}
`;

/**
 * Between machines of the mesh: one whose cable is cut is forgotten after a second and a half, and not only when the hold
 * time is over. Five packets, so that a busy machine does not count as a lost one.
 */
const BFD_PROTOCOL = `protocol bfd {
  accept ipv4 direct;
  interface "*" {
    interval 300 ms;
    multiplier 5;
  };
}
`;

/** `direct` and `gateway direct`: without them iBGP next hops on the same link count as unreachable. */
function meshTemplate(machine: Machine, bgp: BgpSettings, password: string | null): string {
  const lines = [
    `local ${machine.address} as ${bgp.asn};`,
    'direct;',
    'bfd on;',
    ...timers(bgp),
    ...TIMING,
    'graceful restart off;',
    ...(password === null ? [] : [`password "${password}";`]),
  ];
  return `template bgp mesh {\n${indent(lines)}}\n`;
}

function timers(bgp: BgpSettings): readonly string[] {
  return [`hold time ${bgp.holdTimeSeconds};`, `keepalive time ${bgp.keepaliveSeconds};`];
}

interface MeshPeer {
  readonly machine: Machine;
  /** What comes from a worker is not listened to. */
  readonly announces: boolean;
}

function meshPeers({ cluster, machine }: MachineContext, bgp: BgpSettings): readonly MeshPeer[] {
  const controlPlane = machinesOf(cluster, 'control-plane')
    .filter(({ name }) => name !== machine.name)
    .map((peer) => ({ machine: peer, announces: true }));
  if (machine.role === 'worker' || !bgp.workers) return controlPlane;
  const workers = machinesOf(cluster, 'worker').map((peer) => ({ machine: peer, announces: false }));
  return [...controlPlane, ...workers];
}

function meshProtocol(peer: MeshPeer, asn: number, announces: boolean): string {
  const { address, name } = peer.machine;
  return `protocol bgp ${symbol(name)} from mesh {
  description "${name}";
  neighbor ${address} as ${asn};
  ipv4 {
    gateway direct;
    next hop self;
    import ${peer.announces ? IMPORT_VIP : 'none;'}
    export ${announces ? EXPORT_ADDRESS : 'none;'}
  };
}
`;
}

const IMPORT_VIP = `filter {
      if net = VIP then accept;
      reject;
    };`;

const EXPORT_ADDRESS = `filter {
      if net = VIP && source = RTS_DEVICE then accept;
      reject;
    };`;

function routerProtocols(machine: Machine, bgp: BgpSettings, inputs: ClusterInputs): readonly string[] {
  return bgp.routers.map((router, index) => {
    const password = bgpPassword(inputs, router.passwordFile, [...BGP_PATH, 'routers', index, 'passwordFile']);
    const lines = [
      `description "upstream router ${router.address}";`,
      `local ${machine.address} as ${bgp.asn};`,
      `neighbor ${router.address} as ${router.asn};`,
      router.multihop ? 'multihop;' : 'direct;',
      ...timers(bgp),
      ...TIMING,
      'graceful restart off;',
      ...(password === null ? [] : [`password "${password}";`]),
    ];
    return `protocol bgp router_${index + 1} {
${indent(lines)}  ipv4 {
    next hop self;
    import none;
    export ${EXPORT_ADDRESS}
  };
}
`;
  });
}

function meshPassword(bgp: BgpSettings, inputs: ClusterInputs): string | null {
  return bgpPassword(inputs, bgp.passwordFile, [...BGP_PATH, 'passwordFile']);
}

/** A machine's name as a symbol of BIRD; the prefix keeps it apart from keywords and from a name with `_`. */
function symbol(name: string): string {
  return `peer_${name.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
