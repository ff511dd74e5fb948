import type { Issue, IssuePath } from '../../issue.ts';
import { contains, networkEnd, parseCidr, parseIpv4 } from '../../model/network.ts';
import { parseDurationMs } from '../../model/quantities.ts';
import type { BgpRouterSpec, BgpSpec, VipSpec } from '../cluster-spec.ts';
import { finding } from '../issue-codes.ts';
import { reservedFor } from './network.ts';
import { eachDuplicate, type Rule, type RuleContext, rule } from './rule.ts';
import { vipOf, vipPath } from './vip.ts';

const BGP: IssuePath = [...vipPath, 'bgp'];

/** AS numbers that no speaker may use: RFC 6793, RFC 7300. */
const RESERVED_ASNS: readonly number[] = [23_456, 65_535, 4_294_967_295];

function profile({ spec }: RuleContext): readonly Issue[] {
  const { vip } = spec.controlPlane;
  if (vip === undefined) return [];
  if (vip.profile === 'arp') {
    if (vip.bgp === undefined) return [];
    return [
      finding(
        'SPEC_FIELD_UNUSABLE',
        BGP,
        'profile arp speaks no BGP',
        'remove bgp, or use profile bgp-router or bgp-mesh',
      ),
    ];
  }
  if (vip.bgp === undefined) {
    const hint = 'add bgp: {asn: 64512, routers: [{address: ..., asn: ...}]}';
    return [finding('BGP_SETTINGS_MISSING', vipPath, `profile ${vip.profile} needs bgp settings`, hint)];
  }
  return vip.profile === 'bgp-router' ? routerProfile(vip.bgp) : meshProfile(vip.bgp);
}

function routerProfile(bgp: BgpSpec): readonly Issue[] {
  const issues: Issue[] = [];
  if (bgp.routers.length === 0) {
    const message = 'profile bgp-router dials upstream routers, and there is none';
    issues.push(
      finding(
        'BGP_ROUTERS_MISSING',
        [...BGP, 'routers'],
        message,
        'add routers: [{address: ..., asn: ...}], or use bgp-mesh',
      ),
    );
  }
  if (bgp.workers) {
    const message = 'in profile bgp-router nobody listens, so workers cannot learn the virtual IP';
    issues.push(
      finding('SPEC_FIELD_UNUSABLE', [...BGP, 'workers'], message, 'remove workers, or use profile bgp-mesh'),
    );
  }
  if (bgp.passwordFile !== undefined) {
    const message = 'profile bgp-router has no mesh sessions that a password could protect';
    issues.push(finding('SPEC_FIELD_UNUSABLE', [...BGP, 'passwordFile'], message, 'give each router its passwordFile'));
  }
  return issues;
}

function meshProfile(bgp: BgpSpec): readonly Issue[] {
  if (bgp.routers.length > 0) return [];
  const who = bgp.workers ? 'control-plane machines and workers' : 'control-plane machines';
  const message = `no upstream router: only ${who} learn the virtual IP`;
  return [finding('BGP_NO_UPSTREAM', BGP, message, 'add routers: [{address: ..., asn: ...}]')];
}

function asns({ spec }: RuleContext): readonly Issue[] {
  const bgp = bgpOf(spec.controlPlane.vip);
  if (bgp === undefined) return [];
  const issues: Issue[] = [];
  const places: (readonly [number, IssuePath])[] = [
    [bgp.asn, [...BGP, 'asn']],
    ...bgp.routers.map((router, index) => [router.asn, [...BGP, 'routers', index, 'asn']] as const),
  ];
  for (const [asn, path] of places) {
    if (!RESERVED_ASNS.includes(asn)) continue;
    issues.push(finding('BGP_ASN_INVALID', path, `AS ${asn} is reserved`, 'use a private one: 64512 to 65534'));
  }
  for (const [index, router] of bgp.routers.entries()) {
    if (router.asn !== bgp.asn) continue;
    const message = `the router ${router.address} is in the AS of the cluster, ${bgp.asn}`;
    const hint =
      'give the cluster an AS of its own: a router of the same AS would not pass the virtual IP on to its iBGP peers';
    issues.push(finding('BGP_ROUTER_ASN', [...BGP, 'routers', index, 'asn'], message, hint));
  }
  return issues;
}

function routers(context: RuleContext): readonly Issue[] {
  const bgp = bgpOf(context.spec.controlPlane.vip);
  if (bgp === undefined) return [];
  const issues = bgp.routers.flatMap((router, index) => routerIssues(router, [...BGP, 'routers', index], context));
  const entries = bgp.routers.map((router, index) => ({ router, index }));
  eachDuplicate(
    entries,
    ({ router }) => router.address,
    ({ router, index }) => {
      const path = [...BGP, 'routers', index, 'address'];
      issues.push(finding('BGP_ROUTER_DUPLICATE', path, `the router ${router.address} stands twice`, 'keep one'));
    },
  );
  return issues;
}

function routerIssues(router: BgpRouterSpec, place: IssuePath, context: RuleContext): Issue[] {
  const { network } = context.spec;
  const { address } = router;
  const subnet = parseCidr(network.nodeSubnet);
  const single = parseCidr(`${address}/32`);
  if (parseIpv4(address) === null || subnet === null || single === null) return [];
  const path = [...place, 'address'];
  const machine = context.machines.find(({ spec }) => spec.address === address);
  if (machine?.role === 'control-plane') {
    const message = `${address} is ${machine.spec.name}: kube-vip only dials BGP and never listens, so its instances cannot peer with each other`;
    const hint =
      'remove it; profile bgp-mesh puts a listener (BIRD) on every control-plane machine and makes the mesh itself';
    return [finding('BGP_PEER_IS_CONTROL_PLANE', path, message, hint)];
  }
  const inside = (['podCIDR', 'serviceCIDR'] as const).find((field) => {
    const cidr = parseCidr(network[field]);
    return cidr !== null && contains(cidr, address);
  });
  const end = networkEnd(subnet, address);
  let what: string | null = reservedFor(single) === null ? null : `an address kept for ${reservedFor(single)}`;
  if (machine !== undefined) what = `${machine.spec.name}, a machine of this cluster`;
  else if (address === vipOf(context)?.address) what = 'the virtual IP itself';
  else if (end !== null) what = `the ${end} address of ${subnet.text}`;
  else if (inside !== undefined) what = `inside the ${inside}`;
  if (what !== null)
    return [
      finding(
        'BGP_ROUTER_ADDRESS',
        path,
        `the router ${address} is ${what}`,
        'write the address of the upstream router',
      ),
    ];
  if (contains(subnet, address)) return [];
  if (!router.multihop) {
    const message = `the router ${address} is not on ${subnet.text}; an eBGP session does not leave its subnet by default`;
    return [
      finding('BGP_ROUTER_MULTIHOP', path, message, "add multihop: true, or use the router's address in the subnet"),
    ];
  }
  if (network.gateway !== undefined) return [];
  const message = `the router ${address} is not on ${subnet.text} and there is no gateway`;
  return [finding('BGP_ROUTER_MULTIHOP', path, message, 'add network.gateway')];
}

/** RFC 4271: a hold time of at least three seconds, keepalives at most a third of it. */
function timers({ spec }: RuleContext): readonly Issue[] {
  const bgp = bgpOf(spec.controlPlane.vip);
  if (bgp === undefined) return [];
  const hold = parseDurationMs(bgp.holdTime);
  const keepalive = parseDurationMs(bgp.keepaliveInterval);
  const issues: Issue[] = [];
  const report = (field: string, message: string, hint: string): void => {
    issues.push(finding('BGP_TIMERS', [...BGP, field], message, hint));
  };
  if (hold !== null && (hold % 1000 !== 0 || hold < 3000 || hold > 65_535_000)) {
    report('holdTime', `BGP counts hold time in whole seconds from 3 to 65535, not ${bgp.holdTime}`, 'write 9s');
  } else if (keepalive !== null && (keepalive % 1000 !== 0 || keepalive > 21_845_000)) {
    report('keepaliveInterval', `BGP counts in whole seconds, not ${bgp.keepaliveInterval}`, 'write 3s');
  } else if (hold !== null && keepalive !== null && hold < 3 * keepalive) {
    const message = `a hold time of ${bgp.holdTime} is shorter than three keepalive intervals of ${bgp.keepaliveInterval}`;
    report('holdTime', message, `write at least ${(3 * keepalive) / 1000}s, or a shorter keepaliveInterval`);
  }
  return issues;
}

/** Settings that count: those of profile arp are refused as a whole. */
function bgpOf(vip: VipSpec | undefined): BgpSpec | undefined {
  return vip?.profile === 'arp' ? undefined : vip?.bgp;
}

export const bgpRules: readonly Rule[] = [
  rule(['controlPlane'], profile),
  rule(['controlPlane'], asns),
  rule(['controlPlane', 'network'], routers),
  rule(['controlPlane'], timers),
];
