import type { Issue, IssuePath } from '../../issue.ts';
import {
  type Cidr,
  cidrSize,
  contains,
  networkEnd,
  overlaps,
  parseCidr,
  parseIpv4,
  requireCidr,
} from '../../model/network.ts';
import { finding } from '../issue-codes.ts';
import { type Rule, type RuleContext, rule } from './rule.ts';

const NETWORK: IssuePath = ['spec', 'network'];
const FIELDS = ['nodeSubnet', 'podCIDR', 'serviceCIDR'] as const;
const NAMES = { nodeSubnet: 'node subnet', podCIDR: 'pod CIDR', serviceCIDR: 'service CIDR' } as const;

/** Calico hands pods out in blocks of 64 addresses, at least one a node. */
const POD_BLOCK_PREFIX = 26;

/** @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const RESERVED: readonly (readonly [Cidr, string])[] = [
  [requireCidr('0.0.0.0/8'), 'this network'],
  [requireCidr('127.0.0.0/8'), 'loopback'],
  [requireCidr('169.254.0.0/16'), 'link-local addresses'],
  [requireCidr('224.0.0.0/4'), 'multicast'],
  [requireCidr('240.0.0.0/4'), 'reserved addresses'],
];

/** What a network or address is reserved for; null when it is free for use. */
export function reservedFor(cidr: Cidr): string | null {
  return RESERVED.find(([reserved]) => overlaps(reserved, cidr))?.[1] ?? null;
}

function overlapping({ spec }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [position, field] of FIELDS.entries()) {
    for (const other of FIELDS.slice(0, position)) {
      const a = parseCidr(spec.network[field]);
      const b = parseCidr(spec.network[other]);
      if (a === null || b === null || !overlaps(a, b)) continue;
      const message = `the ${NAMES[field]} ${a.text} overlaps the ${NAMES[other]} ${b.text}`;
      issues.push(
        finding('NETWORK_OVERLAP', [...NETWORK, field], message, `choose a ${NAMES[field]} outside ${b.text}`),
      );
    }
  }
  return issues;
}

function reserved({ spec }: RuleContext): readonly Issue[] {
  return FIELDS.flatMap((field) => {
    const cidr = parseCidr(spec.network[field]);
    const use = cidr === null ? null : reservedFor(cidr);
    if (cidr === null || use === null) return [];
    const message = `the ${NAMES[field]} ${cidr.text} holds addresses kept for ${use}`;
    return [
      finding(
        'NETWORK_RESERVED',
        [...NETWORK, field],
        message,
        'use a private range: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16',
      ),
    ];
  });
}

function nodeSubnetSize({ spec, machines }: RuleContext): readonly Issue[] {
  const subnet = parseCidr(spec.network.nodeSubnet);
  if (subnet === null) return [];
  const hosts = Math.max(0, cidrSize(subnet.prefixLength) - 2);
  const needed = machines.length + (spec.network.gateway === undefined ? 0 : 1);
  if (hosts >= needed) return [];
  const message = `${subnet.text} has ${hosts} host addresses, but ${needed} are needed`;
  return [finding('NETWORK_SUBNET_SIZE', [...NETWORK, 'nodeSubnet'], message, 'use a larger subnet')];
}

function podCidrSize({ spec, machines }: RuleContext): readonly Issue[] {
  const pods = parseCidr(spec.network.podCIDR);
  if (pods === null) return [];
  const nodes = machines.filter((machine) => machine.runsKubelet).length;
  const blocks = Math.floor(2 ** (POD_BLOCK_PREFIX - pods.prefixLength));
  if (blocks >= nodes) return [];
  const message = `${pods.text} has ${blocks} blocks of 64 addresses for ${nodes} nodes`;
  return [
    finding('NETWORK_POD_CIDR_SIZE', [...NETWORK, 'podCIDR'], message, 'use a larger pod CIDR, for instance a /16'),
  ];
}

function serviceCidrSize({ spec }: RuleContext): readonly Issue[] {
  const services = parseCidr(spec.network.serviceCIDR);
  if (services === null) return [];
  const path = [...NETWORK, 'serviceCIDR'];
  const { text, prefixLength } = services;
  if (prefixLength < 12) {
    return [
      finding(
        'NETWORK_SERVICE_CIDR_SIZE',
        path,
        `kube-apiserver refuses the service CIDR ${text}`,
        'use a /12 or smaller',
      ),
    ];
  }
  if (prefixLength > 28) {
    const message = `the service CIDR ${text} has no tenth address for cluster DNS`;
    return [finding('NETWORK_SERVICE_CIDR_SIZE', path, message, 'use a /24 or larger; it cannot be enlarged later')];
  }
  if (prefixLength <= 24) return [];
  const message = `the service CIDR ${text} has room for ${cidrSize(prefixLength) - 2} Services`;
  return [finding('NETWORK_SERVICE_CIDR_SMALL', path, message, 'use a /24 or larger; it cannot be enlarged later')];
}

function gateway({ spec }: RuleContext): readonly Issue[] {
  const { gateway: address, nodeSubnet } = spec.network;
  const subnet = parseCidr(nodeSubnet);
  if (address === undefined || subnet === null || parseIpv4(address) === null) return [];
  const end = networkEnd(subnet, address);
  const path = [...NETWORK, 'gateway'];
  if (end !== null)
    return [
      finding(
        'NETWORK_GATEWAY',
        path,
        `${address} is the ${end} address of ${subnet.text}`,
        'write the address of the router',
      ),
    ];
  if (contains(subnet, address)) return [];
  const message = `the gateway ${address} is outside the node subnet ${subnet.text}`;
  return [
    finding(
      'NETWORK_GATEWAY',
      path,
      message,
      "a machine reaches its gateway on its own subnet: write the router's address there",
    ),
  ];
}

/** Servers that machines need before the cluster is there, and that pods reach as well. */
const SERVERS = {
  nameservers: { code: 'NETWORK_NAMESERVER', name: 'name server', asked: 'pods would ask themselves' },
  timeServers: { code: 'NETWORK_TIME_SERVER', name: 'time server', asked: 'machines would ask themselves' },
} as const;

function serverAddresses({ spec }: RuleContext): readonly Issue[] {
  const { network } = spec;
  return (['nameservers', 'timeServers'] as const).flatMap((field) =>
    network[field].flatMap((address, index) => {
      const cidr = parseCidr(`${address}/32`);
      // A name.
      if (cidr === null) return [];
      const { code, name, asked } = SERVERS[field];
      const path = [...NETWORK, field, index];
      const issues: Issue[] = [];
      const use = reservedFor(cidr);
      if (use !== null) {
        const message = `the ${name} ${address} is an address kept for ${use}; ${asked}`;
        issues.push(finding(code, path, message, 'write the address of a real server'));
      }
      for (const inner of ['podCIDR', 'serviceCIDR'] as const) {
        const inside = parseCidr(network[inner]);
        if (inside === null || !contains(inside, address)) continue;
        const message = `the ${name} ${address} lies inside the ${NAMES[inner]} ${inside.text}`;
        issues.push(finding(code, path, message, `machines need a ${name} outside the cluster`));
      }
      return issues;
    }),
  );
}

function nameserverCount({ spec }: RuleContext): readonly Issue[] {
  const { network } = spec;
  const issues: Issue[] = [];
  if (network.nameservers.length > 3) {
    const message = `${network.nameservers.length} name servers; resolvers use the first three`;
    issues.push(finding('NETWORK_NAMESERVERS_IGNORED', [...NETWORK, 'nameservers'], message, 'keep three'));
  }
  return issues;
}

/** Without a gateway a machine reaches its own subnet only; without a name server it finds no name. */
function reachableServers({ spec }: RuleContext): readonly Issue[] {
  const { network } = spec;
  const subnet = parseCidr(network.nodeSubnet);
  if (subnet === null) return [];
  return (['nameservers', 'timeServers'] as const).flatMap((field) =>
    network[field].flatMap((server, index) => {
      const path = [...NETWORK, field, index];
      if (parseIpv4(server) === null) {
        if (network.nameservers.length > 0) return [];
        return [
          finding(
            'NETWORK_UNREACHABLE',
            path,
            `${server} is a name, but there is no name server`,
            'write its address, or add nameservers',
          ),
        ];
      }
      if (network.gateway !== undefined || contains(subnet, server)) return [];
      const message = `${server} is outside ${subnet.text} and there is no gateway`;
      return [finding('NETWORK_UNREACHABLE', path, message, 'add network.gateway, or use a server in the node subnet')];
    }),
  );
}

function missingServers({ spec }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  if (spec.network.timeServers.length === 0) {
    const message = 'no time servers: certificates and etcd need clocks that agree';
    issues.push(finding('NETWORK_NO_TIME_SERVERS', NETWORK, message, 'add timeServers, for instance the router'));
  }
  if (spec.network.nameservers.length === 0) {
    const message = 'no name servers: image registries and Git repositories are found by name';
    issues.push(finding('NETWORK_NO_NAMESERVERS', NETWORK, message, 'add nameservers'));
  }
  return issues;
}

export const networkRules: readonly Rule[] = [
  rule(['network'], overlapping),
  rule(['network'], reserved),
  rule(['network'], nodeSubnetSize),
  rule(['network'], podCidrSize),
  rule(['network'], serviceCidrSize),
  rule(['network'], gateway),
  rule(['network'], serverAddresses),
  rule(['network'], nameserverCount),
  rule(['network'], reachableServers),
  rule(['network'], missingServers),
];
