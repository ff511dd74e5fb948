import type { BgpRouter, Cluster } from '../model/cluster.ts';
import { contains, parseIpv4, requireCidr } from '../model/network.ts';
import type { LabFile } from './lab-plan.ts';

/** The network behind the router, where the client is: documentation addresses, nobody's. */
export const OUTSIDE = {
  subnet: '192.0.2.0/24',
  router: '192.0.2.1/24',
  client: '192.0.2.10/24',
  gateway: '192.0.2.1',
};

/** Addresses of the router in the node network: the gateway, and every BGP router and time server of the cluster file. */
export function routerAddresses(cluster: Cluster): readonly string[] {
  const { gateway, nodeSubnet, timeServers } = cluster.network;
  const routers = cluster.controlPlane.vip?.bgp?.routers ?? [];
  const subnet = requireCidr(nodeSubnet);
  const near = timeServers.filter((server) => contains(subnet, server));
  const machines = new Set(cluster.machines.map(({ address }) => address));
  const addresses = [...(gateway === null ? [] : [gateway]), ...routers.map(({ address }) => address), ...near];
  return [...new Set(addresses)].filter((address) => !machines.has(address));
}

/** Time servers elsewhere, as far as they are addresses: the router answers for them, too. */
export function farTimeServers(cluster: Cluster): readonly string[] {
  const subnet = requireCidr(cluster.network.nodeSubnet);
  return cluster.network.timeServers.filter((server) => parseIpv4(server) !== null && !contains(subnet, server));
}

/**
 * BIRD's configuration of the router: it waits for the cluster's speakers, takes the VIP from them, and sends each client
 * to one of the machines that announce it.
 *
 * @param passwords - TCP MD5 password by router address.
 */
export function routerFiles(cluster: Cluster, passwords: Readonly<Record<string, string>>): readonly LabFile[] {
  const vip = cluster.controlPlane.vip;
  const bgp = vip?.bgp ?? null;
  const sessions = bgp === null ? [] : bgp.routers.map((router, index) => session(cluster, router, index, passwords));
  const config = `log stderr all;
router id ${routerAddresses(cluster)[0]};

protocol device {
}

protocol kernel {
  merge paths on;
  ipv4 {
    import none;
    export where source = RTS_BGP;
  };
}
${sessions.join('')}`;
  return [
    { path: '/etc/bird/bird.conf', contents: config, mode: 0o600 },
    { path: '/etc/chrony/chrony.conf', contents: CHRONY_CONFIG },
  ];
}

/** It tells the time of this host, which all machines have anyway. */
const CHRONY_CONFIG = `local stratum 8
allow
cmdport 0
`;

function session(
  cluster: Cluster,
  router: BgpRouter,
  index: number,
  passwords: Readonly<Record<string, string>>,
): string {
  const vip = cluster.controlPlane.vip;
  const bgp = vip?.bgp;
  if (vip === null || bgp === null || bgp === undefined) return '';
  const password = passwords[router.address];
  return `
protocol bgp nodes_${index + 1} {
  local ${router.address} as ${router.asn};
  neighbor range ${cluster.network.nodeSubnet} as ${bgp.asn};
  dynamic name "speaker_${index + 1}_";
  ${router.multihop ? 'multihop;' : 'direct;'}
  hold time ${bgp.holdTimeSeconds};
  keepalive time ${bgp.keepaliveSeconds};
${password === undefined ? '' : `  password "${password}";\n`}  ipv4 {
    import where net = ${vip.address}/32;
    export none;
  };
}
`;
}
