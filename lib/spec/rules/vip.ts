import type { Issue, IssuePath } from '../../issue.ts';
import { parseEndpoint } from '../../model/endpoint.ts';
import { contains, networkEnd, parseCidr, parseIpv4 } from '../../model/network.ts';
import type { VipSpec } from '../cluster-spec.ts';
import { finding } from '../issue-codes.ts';
import { reservedFor } from './network.ts';
import { machinePath, type Rule, type RuleContext, rule } from './rule.ts';

export const vipPath: IssuePath = ['spec', 'controlPlane', 'vip'];
const ENDPOINT: IssuePath = ['spec', 'controlPlane', 'endpoint'];

interface VipPlace {
  readonly vip: VipSpec;
  readonly address: string;
  /** Where the address is written. */
  readonly path: IssuePath;
}

/** The virtual IP and where it stands; null when there is none or its address is not known. */
export function vipOf({ spec }: RuleContext): VipPlace | null {
  const { vip, endpoint } = spec.controlPlane;
  if (vip === undefined) return null;
  const address = vip.address ?? parseEndpoint(endpoint)?.host ?? '';
  if (parseIpv4(address) === null) return null;
  return { vip, address, path: vip.address === undefined ? ENDPOINT : [...vipPath, 'address'] };
}

function address({ spec }: RuleContext): readonly Issue[] {
  const { vip, endpoint } = spec.controlPlane;
  const host = parseEndpoint(endpoint)?.host;
  if (vip === undefined || host === undefined) return [];
  const isName = parseIpv4(host) === null;
  if (vip.address === undefined) {
    if (!isName) return [];
    const message = `the endpoint ${host} is a name, so the virtual IP needs an address`;
    return [finding('VIP_ADDRESS_MISSING', vipPath, message, `add vip.address with what ${host} resolves to`)];
  }
  if (isName || host === vip.address) return [];
  const message = `the endpoint is ${host}, but the virtual IP is ${vip.address}`;
  return [
    finding(
      'ENDPOINT_VIP_MISMATCH',
      ENDPOINT,
      message,
      `write ${vip.address} or a DNS name as the host of the endpoint`,
    ),
  ];
}

function taken(context: RuleContext): readonly Issue[] {
  const place = vipOf(context);
  if (place === null) return [];
  const { network } = context.spec;
  const machine = context.machines.find(({ spec }) => spec.address === place.address);
  let owner: string | undefined;
  if (machine !== undefined) owner = `the address of ${machine.spec.name}`;
  else if (place.address === network.gateway) owner = 'the gateway';
  else if (network.nameservers.includes(place.address)) owner = 'a name server';
  else if (network.timeServers.includes(place.address)) owner = 'a time server';
  if (owner === undefined) return [];
  const message = `the virtual IP ${place.address} is ${owner}`;
  return [finding('VIP_ADDRESS_TAKEN', place.path, message, 'use an address that nothing else has')];
}

function unusable(context: RuleContext): readonly Issue[] {
  const place = vipOf(context);
  const subnet = parseCidr(context.spec.network.nodeSubnet);
  const single = place === null ? null : parseCidr(`${place.address}/32`);
  if (place === null || single === null) return [];
  const end = subnet === null ? null : networkEnd(subnet, place.address);
  const use = end === null ? reservedFor(single) : null;
  if (end === null && use === null) return [];
  const message = end === null ? `is kept for ${use}` : `is the ${end} address of ${subnet?.text}`;
  return [
    finding(
      'VIP_ADDRESS_UNUSABLE',
      place.path,
      `the virtual IP ${place.address} ${message}`,
      'use a free host address',
    ),
  ];
}

function insideClusterCidr(context: RuleContext): readonly Issue[] {
  const place = vipOf(context);
  if (place === null) return [];
  return (['podCIDR', 'serviceCIDR'] as const).flatMap((field) => {
    const cidr = parseCidr(context.spec.network[field]);
    if (cidr === null || !contains(cidr, place.address)) return [];
    const message = `the virtual IP ${place.address} lies inside the ${field} ${cidr.text}`;
    return [
      finding('VIP_IN_CLUSTER_CIDR', place.path, message, 'use an address that the cluster does not give out itself'),
    ];
  });
}

/** Who answers ARP for the virtual IP; see the reachability matrix of `keelway validate`. */
function onLink(context: RuleContext): readonly Issue[] {
  const place = vipOf(context);
  const subnet = parseCidr(context.spec.network.nodeSubnet);
  if (place === null || subnet === null) return [];
  const { vip } = place;
  const isInside = contains(subnet, place.address);
  const path = [...vipPath, 'onLink'];
  if (vip.profile === 'arp') {
    if (!isInside) {
      const message = `the virtual IP ${place.address} is outside the node subnet ${subnet.text}: nobody there would ask for it by ARP`;
      return [
        finding('VIP_OUTSIDE_SUBNET', place.path, message, 'use an address of the node subnet, or a BGP profile'),
      ];
    }
    if (vip.onLink !== 'none') return [];
    return [finding('SPEC_FIELD_UNUSABLE', path, 'profile arp lives from answering ARP', 'remove onLink')];
  }
  if (vip.onLink === 'arp' && vip.profile === 'bgp-router') {
    const message =
      'in profile bgp-router the address stays on a machine whose API server is dead, and would still answer';
    return [
      finding(
        'VIP_ON_LINK_UNGATED',
        path,
        message,
        'use profile bgp-mesh, which takes the address away, or onLink: none',
      ),
    ];
  }
  if (vip.onLink === 'arp' && !isInside) {
    const message = `outside the node subnet nobody asks for ${place.address} by ARP`;
    return [finding('SPEC_FIELD_UNUSABLE', path, message, 'remove onLink')];
  }
  if (vip.onLink !== undefined || !isInside) return [];
  const message = `${place.address} lies in the node subnet, where hosts ask by ARP and not by BGP: without a route they do not reach it`;
  const hint =
    vip.profile === 'bgp-mesh'
      ? 'say onLink: arp (healthy machines answer) or onLink: none; `keelway validate` prints who reaches it'
      : 'say onLink: none to accept it, or use an address outside the subnet; `keelway validate` prints who reaches it';
  return [finding('VIP_NOT_ON_LINK', vipPath, message, hint)];
}

/** kube-vip finds the interface by the default route when nobody names it. */
function arpInterface({ spec, machines }: RuleContext): readonly Issue[] {
  if (spec.controlPlane.vip?.profile !== 'arp' || spec.network.gateway !== undefined) return [];
  return machines.flatMap((machine) => {
    if (machine.role !== 'control-plane' || machine.interface !== null) return [];
    const message = `nothing says on which interface ${machine.spec.name} answers ARP for the virtual IP`;
    const hint = 'add interface: eno1 (its name), or network.gateway';
    return [finding('VIP_INTERFACE_UNKNOWN', machinePath(machine), message, hint)];
  });
}

export const vipRules: readonly Rule[] = [
  rule(['controlPlane'], address),
  rule(['controlPlane', 'network'], taken),
  rule(['controlPlane', 'network'], unusable),
  rule(['controlPlane', 'network'], insideClusterCidr),
  rule(['controlPlane', 'network'], onLink),
  rule(['controlPlane', 'network', 'machineDefaults'], arpInterface),
];
