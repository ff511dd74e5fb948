import { lockedPrograms } from '../model/locked-programs.ts';
import { hasReadOnlyUsr, programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedUser } from '../plan/machine-plan.ts';
import type { UnitSection } from '../render/systemd.ts';
import { birdConfig } from './bird-config.ts';
import { CONTAINERD_UNIT } from './containerd.ts';
import { ociServiceLines } from './oci-service.ts';
import { productService } from './product-unit.ts';

export const BIRD_UNIT = 'bird.service';
const FOLDER = '/etc/bird';
const CONFIG_FILE = `${FOLDER}/bird.conf`;
const RUNTIME = 'bird';
const SOCKET = `/run/${RUNTIME}/bird.ctl`;

/** Routes, port 179, sockets bound to an interface. */
const CAPABILITIES: readonly string[] = ['CAP_NET_ADMIN', 'CAP_NET_BIND_SERVICE', 'CAP_NET_RAW'];

/** The account of Debian's package; declared so that the file can belong to it before the package comes. */
const BIRD_USER: PlannedUser = {
  name: 'bird',
  system: true,
  homeDirectory: null,
  shell: '/usr/sbin/nologin',
  groups: [],
  sshAuthorizedKeys: [],
  sudo: false,
};

/**
 * BIRD, the BGP speaker that listens: kube-vip only dials out, so the mesh of the control plane is made of these.
 *
 * The unit takes the place of the distribution's own, under its name.
 *
 * @throws {@link KeelwayError} for a BGP password that cannot be used.
 */
export function bird(context: MachineContext): MachinePart {
  const inImage = hasReadOnlyUsr(context.machine.os);
  return {
    users: [BIRD_USER],
    directories: [{ path: FOLDER, mode: 0o750, owner: 'root', group: BIRD_USER.name }],
    files: [
      {
        path: CONFIG_FILE,
        contents: birdConfig(context),
        mode: 0o640,
        owner: 'root',
        group: BIRD_USER.name,
        secret: hasPassword(context),
      },
    ],
    units: [
      productService({
        name: BIRD_UNIT,
        description: 'BIRD: BGP of the virtual IP',
        documentation: 'https://bird.network.cz/doc/bird.html',
        wants: ['network-online.target', ...(inImage ? [CONTAINERD_UNIT] : [])],
        after: ['keelway-kernel.service'],
        firewalled: true,
        unit: [['StartLimitIntervalSec', 0]],
        service: [
          ...(inImage ? imageLines(context) : programLines(context)),
          ['RuntimeDirectory', RUNTIME],
          ['RuntimeDirectoryMode', '0750'],
          ['Restart', 'always'],
          ['RestartSec', '1s'],
          ['OOMScoreAdjust', -900],
        ],
      }),
    ],
  };
}

function hasPassword({ cluster }: MachineContext): boolean {
  const bgp = cluster.controlPlane.vip?.bgp ?? null;
  return bgp !== null && [bgp, ...bgp.routers].some(({ passwordFile }) => passwordFile !== null);
}

function programLines({ machine }: MachineContext): UnitSection {
  const program = programPath(machine.os, 'bird');
  return [
    ['Type', 'exec'],
    ['User', BIRD_USER.name],
    ['Group', BIRD_USER.name],
    ['ExecStartPre', `${program} -p -c ${CONFIG_FILE}`],
    ['ExecStart', `${program} -f -c ${CONFIG_FILE} -s ${SOCKET}`],
    ['ExecReload', `${programPath(machine.os, 'birdc')} -s ${SOCKET} configure`],
    // A late packet of BFD costs a next hop.
    ['Nice', -10],
    ['AmbientCapabilities', CAPABILITIES.join(' ')],
    ['CapabilityBoundingSet', CAPABILITIES.join(' ')],
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
    ['SystemCallArchitectures', 'native'],
  ];
}

function imageLines(context: MachineContext): UnitSection {
  const { cluster, inputs, machine } = context;
  const locked = lockedPrograms(cluster, machine, inputs).find(({ program }) => program.asset === 'bird');
  if (locked === undefined) throw new RangeError(`${machine.name} runs no BIRD`);
  return ociServiceLines(machine, {
    name: 'keelway-bird',
    image: locked.asset,
    command: [programPath(machine.os, 'bird'), '-f', '-c', CONFIG_FILE, '-s', SOCKET],
    mounts: [
      { path: FOLDER, readOnly: true },
      { path: `/run/${RUNTIME}`, readOnly: false },
    ],
    capabilities: CAPABILITIES,
    // ctr gives no capability to another user.
    user: '0:0',
  });
}
