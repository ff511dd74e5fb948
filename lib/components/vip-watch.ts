import { machinesOf, type Vip } from '../model/cluster.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { commandLine } from '../render/systemd.ts';
import { localApiServer } from './control-plane-files.ts';
import { KUBE_VIP_METRICS } from './kube-vip.ts';
import { productService, SCRIPT_DIRECTORY, scriptFile } from './product-unit.ts';
import { VIP_WATCH_SCRIPT } from './vip-watch-script.ts';

const SCRIPT = 'vip-watch';

/**
 * `keelway-vip-watch.service`: what kube-vip leaves undone about the address on a machine.
 *
 * It takes the VIP away when kube-vip is no longer there to do it: a kube-vip that is killed or hangs leaves the address
 * behind, and with it a black hole. In profile bgp-mesh it asks the API server, since an address without a healthy one
 * behind it must go; in profile arp it asks kube-vip itself, since the address belongs to whoever holds the Lease. kube-vip,
 * when it works, is always faster. In profile bgp-router the announcement ends with kube-vip's sessions.
 *
 * With `onLink: arp` in the mesh it sees to it that exactly one of the healthy machines answers ARP for the VIP.
 */
export function vipWatch(context: MachineContext): MachinePart {
  const { machine } = context;
  const { vip } = context.cluster.controlPlane;
  if (vip === null || vip.profile === 'bgp-router') return {};
  const asked =
    vip.profile === 'arp'
      ? [`http://${KUBE_VIP_METRICS}/metrics`, '']
      : [`${localApiServer(context)}/readyz`, '/etc/kube-vip/ca.crt'];
  const answering = answersByWatch(vip) ? [machine.address, String(probesOf(context))] : [];
  return {
    files: [scriptFile(SCRIPT, VIP_WATCH_SCRIPT)],
    packages: answersByWatch(vip) && machine.os === 'ubuntu' ? ['iputils-arping'] : [],
    units: [
      productService({
        name: 'keelway-vip-watch.service',
        description: `Keelway: watch over the virtual IP ${vip.address} on this machine`,
        after: ['keelway-kernel.service'],
        unit: [['StartLimitIntervalSec', 0]],
        service: [
          ['Type', 'exec'],
          ['SyslogIdentifier', SCRIPT],
          ['ExecStart', commandLine('/bin/sh', [`${SCRIPT_DIRECTORY}/${SCRIPT}`, vip.address, ...asked, ...answering])],
          ['Restart', 'always'],
          ['RestartSec', '2s'],
          ['OOMScoreAdjust', -900],
          // Root, for the folder of kube-vip's files, but with the network only.
          ['CapabilityBoundingSet', 'CAP_NET_ADMIN CAP_NET_RAW'],
          ['NoNewPrivileges', 'yes'],
          ['ProtectSystem', 'strict'],
          ['ProtectHome', 'yes'],
          ['PrivateTmp', 'yes'],
          ['PrivateDevices', 'yes'],
          ['ProtectControlGroups', 'yes'],
          ['ProtectKernelModules', 'yes'],
          ['ProtectKernelTunables', 'yes'],
          ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_UNIX'],
          ['RestrictNamespaces', 'yes'],
          ['MemoryDenyWriteExecute', 'yes'],
          ['SystemCallArchitectures', 'native'],
        ],
      }),
    ],
  };
}

/** In profile arp kube-vip answers itself. */
function answersByWatch(vip: Vip): boolean {
  return vip.profile === 'bgp-mesh' && vip.onLink === 'arp' && vip.inNodeSubnet;
}

/** Two at least, for one may be lost; each machine one more than the machine before it. */
function probesOf({ cluster, machine }: MachineContext): number {
  return 2 + machinesOf(cluster, 'control-plane').findIndex(({ name }) => name === machine.name);
}
