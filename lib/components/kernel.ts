import type { Machine } from '../model/machine.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { unitFile } from '../render/systemd.ts';
import { rootDirectory } from './control-plane-files.ts';
import { mainServices, oneshotScript, plainFile, productService, scriptFile } from './product-unit.ts';

const SCRIPT = 'kernel';
const MODULES_FILE = '/etc/modules-load.d/90-keelway.conf';
/** The VIP's own settings are in 91-keelway-vip.conf. */
const SYSCTL_FILE = '/etc/sysctl.d/90-keelway.conf';

/**
 * Kernel modules, sysctls and what else of the system Kubernetes relies on, and `keelway-kernel.service`, which applies
 * them at the first boot of machines where they arrive after systemd has looked.
 *
 * The network programs are told to leave pod interfaces and foreign routes alone, or VIP and pod routes vanish when they
 * reload.
 */
export function kernel(context: MachineContext): MachinePart {
  const { machine } = context;
  const network = machine.os === 'fedora-coreos' ? networkManager() : networkd(machine);
  return {
    directories: network.directories ?? [],
    files: [
      plainFile(SYSCTL_FILE, sysctlFile(machine)),
      ...(machine.runsKubelet ? [plainFile(MODULES_FILE, `${MODULES.join('\n')}\n`)] : []),
      ...(network.files ?? []),
      scriptFile(SCRIPT, kernelScript(machine)),
    ],
    units: [
      ...(network.units ?? []),
      productService({
        name: 'keelway-kernel.service',
        description: 'Keelway: kernel modules and settings',
        before: mainServices(machine),
        service: oneshotScript(SCRIPT),
      }),
    ],
  };
}

/** Overlay file systems for containers, bridged traffic and tracking for Services, VXLAN for pods. */
const MODULES: readonly string[] = ['br_netfilter', 'nf_conntrack', 'overlay', 'vxlan'];

/** On every machine. ICMP redirects would send clients of the VIP past its health checks. */
const COMMON_SETTINGS = {
  'net.ipv4.conf.all.accept_redirects': 0,
  'net.ipv4.conf.default.accept_redirects': 0,
  'net.ipv4.conf.all.send_redirects': 0,
  'net.ipv4.conf.default.send_redirects': 0,
  'net.ipv4.conf.all.accept_source_route': 0,
  'net.ipv4.conf.default.accept_source_route': 0,
  'kernel.panic': 10,
  'kernel.panic_on_oops': 1,
};

/** The kubelet refuses to start when those of vm and kernel are otherwise (`protectKernelDefaults`). */
const KUBERNETES_SETTINGS = {
  'net.ipv4.ip_forward': 1,
  'net.bridge.bridge-nf-call-iptables': 1,
  'net.bridge.bridge-nf-call-ip6tables': 1,
  // The larger of "all" and the interface's own counts, and Calico refuses a loose check (2) on pod interfaces, which
  // systemd's own defaults give to every interface.
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.cali*.rp_filter': 1,
  'vm.overcommit_memory': 1,
  'vm.panic_on_oom': 0,
  'kernel.keys.root_maxkeys': 1_000_000,
  'kernel.keys.root_maxbytes': 25_000_000,
  'fs.inotify.max_user_instances': 8192,
  'fs.inotify.max_user_watches': 524_288,
};

/** kube-proxy is told to leave these alone; the `-` lets systemd go on where only the host may set them. */
const CONNTRACK_SETTINGS = {
  '-net.netfilter.nf_conntrack_max': 524_288,
  '-net.netfilter.nf_conntrack_tcp_timeout_established': 86_400,
  '-net.netfilter.nf_conntrack_tcp_timeout_close_wait': 3600,
};

function sysctlFile(machine: Machine): string {
  const settings = {
    ...COMMON_SETTINGS,
    ...(machine.runsKubelet ? { ...KUBERNETES_SETTINGS, ...CONNTRACK_SETTINGS } : {}),
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');
}

/** @see https://www.freedesktop.org/software/systemd/man/latest/networkd.conf.html */
function networkd(machine: Machine): MachinePart {
  if (!machine.runsKubelet) return foreignRoutes(machine);
  const part = foreignRoutes(machine);
  return {
    ...part,
    files: [
      ...(part.files ?? []),
      plainFile(
        '/etc/systemd/network/05-keelway-pods.network',
        unitFile({ Match: [['Name', POD_INTERFACES.join(' ')]], Link: [['Unmanaged', 'yes']] }),
      ),
    ],
  };
}

function foreignRoutes(machine: Machine): MachinePart {
  return {
    directories: [rootDirectory('/etc/systemd/networkd.conf.d', 0o755)],
    files: [
      plainFile(
        '/etc/systemd/networkd.conf.d/10-keelway.conf',
        unitFile({
          Network: [
            ['ManageForeignRoutes', 'no'],
            ['ManageForeignRoutingPolicyRules', 'no'],
          ],
        }),
      ),
    ],
    // Named, so that it is started anew when the file arrives after it has started.
    units: machine.configFormat === 'cloud-init' ? [osUnit('systemd-networkd.service', machine.os === 'debian')] : [],
  };
}

function osUnit(name: string, enabled: boolean): PlannedUnit {
  return { name, contents: null, enabled, masked: false, dropIns: [] };
}

/** Interfaces that Calico and CNI plugins make and keep themselves. */
const POD_INTERFACES: readonly string[] = [
  'cali*',
  'tunl0',
  'vxlan.calico',
  'vxlan-v6.calico',
  'wireguard.cali',
  'cni0',
  'veth*',
];

/** @see https://networkmanager.dev/docs/api/latest/NetworkManager.conf.html */
function networkManager(): MachinePart {
  const devices = POD_INTERFACES.map((name) => `interface-name:${name}`).join(';');
  return {
    files: [
      plainFile('/etc/NetworkManager/conf.d/10-keelway.conf', unitFile({ keyfile: [['unmanaged-devices', devices]] })),
    ],
  };
}

function kernelScript(machine: Machine): string {
  const modules = machine.runsKubelet
    ? `
# A kernel may have a module built in, where modprobe finds nothing.
while read -r module; do
  modprobe -q "$module" || echo "keelway-kernel: no module $module" >&2
done <${MODULES_FILE}

# The kubelet refuses to start with swap. In a container it is the host's.
systemd-detect-virt --quiet --container || swapoff -a || echo "keelway-kernel: WARNING: swap is still on" >&2
`
    : '';
  return `#!/bin/sh
# Keelway: applies kernel modules and settings that arrived after systemd had looked for them.
set -eu
${modules}
/usr/lib/systemd/systemd-sysctl
`;
}
