import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { commandLine } from '../render/systemd.ts';
import { localApiServer } from './control-plane-files.ts';
import { KUBE_VIP_METRICS } from './kube-vip.ts';
import { productService, SCRIPT_DIRECTORY, scriptFile } from './product-unit.ts';

const SCRIPT = 'vip-watch';

/**
 * `keelway-vip-watch.service` takes the VIP off a machine when kube-vip is no longer there to do it: a kube-vip that is
 * killed or hangs leaves the address behind, and with it a black hole.
 *
 * In profile bgp-mesh it asks the API server, since an address without a healthy one behind it must go; in profile arp it
 * asks kube-vip itself, since the address belongs to whoever holds the Lease. kube-vip, when it works, is always faster.
 * In profile bgp-router the announcement ends with kube-vip's sessions, and there is nothing to do.
 */
export function vipWatch(context: MachineContext): MachinePart {
  const { vip } = context.cluster.controlPlane;
  if (vip === null || vip.profile === 'bgp-router') return {};
  const asked =
    vip.profile === 'arp'
      ? [`http://${KUBE_VIP_METRICS}/metrics`]
      : [`${localApiServer(context)}/readyz`, '/etc/kube-vip/ca.crt'];
  return {
    files: [scriptFile(SCRIPT, VIP_WATCH_SCRIPT)],
    units: [
      productService({
        name: 'keelway-vip-watch.service',
        description: `Keelway: take the virtual IP ${vip.address} away when nothing stands behind it`,
        unit: [['StartLimitIntervalSec', 0]],
        service: [
          ['Type', 'exec'],
          ['ExecStart', commandLine('/bin/sh', [`${SCRIPT_DIRECTORY}/${SCRIPT}`, vip.address, ...asked])],
          ['Restart', 'always'],
          ['RestartSec', '2s'],
          ['OOMScoreAdjust', -900],
          // Root, for the folder of kube-vip's files, but with one capability.
          ['CapabilityBoundingSet', 'CAP_NET_ADMIN'],
          ['NoNewPrivileges', 'yes'],
          ['ProtectSystem', 'strict'],
          ['ProtectHome', 'yes'],
          ['PrivateTmp', 'yes'],
          ['PrivateDevices', 'yes'],
          ['ProtectControlGroups', 'yes'],
          ['ProtectKernelModules', 'yes'],
          ['ProtectKernelTunables', 'yes'],
          ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_NETLINK AF_UNIX'],
          ['RestrictNamespaces', 'yes'],
          ['MemoryDenyWriteExecute', 'yes'],
          ['SystemCallArchitectures', 'native'],
        ],
      }),
    ],
  };
}

/** Arguments: the address, the URL to ask, and for https the file with the CA. Four failures in a row count. */
const VIP_WATCH_SCRIPT = `#!/bin/sh
# Keelway: takes the virtual IP off this machine when nothing stands behind it.
#   vip-watch ADDRESS URL [CA]
set -eu
address=$1
url=$2
authority=\${3:-}

holder() {
  ip -oneline -4 address show to "$address/32" | sed -n 's/^[0-9]*: *\\([^ ]*\\) .*/\\1/p' | head -n 1
}

failures=0
while :; do
  sleep 2
  device=$(holder)
  if [ -z "$device" ] ||
    curl --silent --fail --output /dev/null --max-time 3 \${authority:+--cacert "$authority"} "$url"; then
    failures=0
    continue
  fi
  failures=$((failures + 1))
  if [ "$failures" -ge 4 ]; then
    echo "keelway-vip-watch: $url fails, and $address is still on $device: taking it away" >&2
    ip address del "$address/32" dev "$device" || :
    failures=0
  fi
done
`;
