import { type Cluster, machinesOf } from '../../../lib/model/cluster.ts';

/**
 * The configuration of the lab's gateway, as an operator would write it for a router of the given cluster: it takes the VIP
 * from the control-plane machines, and spreads over them. Without BGP in the cluster it only forwards.
 */
export function routerConfig(cluster: Cluster): string {
  const bgp = cluster.controlPlane.vip?.bgp;
  const router = bgp?.routers[0];
  const head = `log stderr all;
router id 10.0.0.1;
protocol device { scan time 1; }
`;
  if (bgp === undefined || bgp === null || router === undefined) return head;
  const peers = machinesOf(cluster, 'control-plane').map(
    ({ address, name }) => `protocol bgp ${name.replaceAll('-', '_')} {
  local ${router.address} as ${router.asn};
  neighbor ${address} as ${bgp.asn};
  passive;
  # A router that still nurses its error refuses the machine that is back: not what is measured here.
  error wait time 1, 10;
  ipv4 { import where net = ${cluster.controlPlane.vip?.address}/32; export none; };
}
`,
  );
  return `${head}protocol kernel {
  merge paths on;
  ipv4 { import none; export where source = RTS_BGP; };
}
${peers.join('')}`;
}
