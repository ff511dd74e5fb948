import type { Cluster } from '../model/cluster.ts';
import { formatIpv4, requireCidr } from '../model/network.ts';
import type { LabFile, LabLink } from './lab-plan.ts';

const UNIT = 'keelway-lab-pods.service';

/**
 * A plain pod network in place of the one that Git brings: a bridge on each machine, static routes between them.
 *
 * Each Kubernetes machine has a /24 of the pod CIDR. Traffic to other pods and to machines keeps its source address;
 * what leaves for elsewhere gets the machine's.
 */
export function podNetwork(cluster: Cluster, name: string): { files: LabFile[]; links: LabLink[] } {
  const machines = cluster.machines.filter(({ runsKubelet }) => runsKubelet);
  const subnets = new Map(machines.map((machine, index) => [machine.name, podSubnet(cluster, index)]));
  const others = machines.filter((machine) => machine.name !== name);
  const { podCidr, nodeSubnet } = cluster.network;
  const plugin = {
    cniVersion: '1.0.0',
    name: 'keelway-lab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: subnets.get(name) }]] },
      },
      { type: 'portmap', capabilities: { portMappings: true }, backend: 'nftables' },
    ],
  };
  const rules = `table ip keelway-lab
delete table ip keelway-lab
table ip keelway-lab {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${subnets.get(name)} ip daddr != { ${podCidr}, ${nodeSubnet} } masquerade
  }
}
`;
  const unit = `[Unit]
Description=Keelway lab: routes to the pods of other machines
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/keelway-lab/pods.nft
${others.map((machine) => `ExecStart=/usr/sbin/ip route replace ${subnets.get(machine.name)} via ${machine.address}\n`).join('')}`;
  return {
    files: [
      { path: '/etc/cni/net.d/10-keelway-lab.conflist', contents: `${JSON.stringify(plugin, null, 2)}\n` },
      { path: '/etc/keelway-lab/pods.nft', contents: rules },
      { path: `/etc/systemd/system/${UNIT}`, contents: unit },
    ],
    links: [{ path: `/etc/systemd/system/multi-user.target.wants/${UNIT}`, target: `../${UNIT}` }],
  };
}

/** The /24 of the machine with this index among those that run a kubelet. */
function podSubnet(cluster: Cluster, index: number): string {
  const { first } = requireCidr(cluster.network.podCidr);
  return `${formatIpv4(first + (index + 1) * 256)}/24`;
}
