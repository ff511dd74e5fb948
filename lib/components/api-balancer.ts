import { type Cluster, machinesOf } from '../model/cluster.ts';
import { lockedPrograms } from '../model/locked-programs.ts';
import { hasReadOnlyUsr, programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import type { UnitSection } from '../render/systemd.ts';
import { API_BALANCER_PORT, API_BALANCER_UNIT } from './api-server-address.ts';
import { CONTAINERD_UNIT } from './containerd.ts';
import { publicFile, rootDirectory } from './control-plane-files.ts';
import { ociServiceLines } from './oci-service.ts';
import { plainFile, productService } from './product-unit.ts';

const FOLDER = '/etc/keelway/api-balancer';
const CONFIG_FILE = `${FOLDER}/haproxy.cfg`;
const AUTHORITIES = `${FOLDER}/ca.crt`;
const RUNTIME = 'keelway-api-balancer';

/**
 * The worker's own load balancer for the API servers, on 127.0.0.1:7445: neither kubelet nor kube-proxy depends on the
 * VIP, nor on any single control-plane machine.
 *
 * It passes TCP through. Each server is asked `/readyz` over TLS, with the CA and the machine's own name verified, and a
 * server that fails loses its connections, so that clients move at once. Its admin socket is in /run, for root.
 *
 * @see https://docs.haproxy.org/3.0/configuration.html
 */
export function apiBalancer(context: MachineContext): MachinePart {
  const { cluster, pki } = context;
  return {
    directories: [rootDirectory(FOLDER, 0o755)],
    files: [
      plainFile(CONFIG_FILE, haproxyConfig(cluster)),
      // A copy of its own: HAProxy runs as nobody in particular.
      publicFile(AUTHORITIES, pki.trust.kubernetes),
    ],
    units: [unit(context), ...(hasReadOnlyUsr(context.machine.os) ? [] : [DISTRIBUTION_UNIT])],
  };
}

/** No account has it, and systemd's dynamic ones end before. */
const IMAGE_USER = '65532:65532';

/** The package's own service would run beside ours, with an example of a configuration. */
const DISTRIBUTION_UNIT: PlannedUnit = {
  name: 'haproxy.service',
  contents: null,
  enabled: false,
  masked: true,
  dropIns: [],
};

/** HAProxy's configuration; the same on every worker. */
export function haproxyConfig(cluster: Cluster): string {
  const servers = machinesOf(cluster, 'control-plane').map(
    ({ name, address }) =>
      `    server ${name} ${address}:${cluster.controlPlane.port} check-sni ${name} verifyhost ${name}`,
  );
  return `global
    log stdout format raw daemon notice
    # Each takes two files, and a container may have no more than 1024.
    maxconn 480
    hard-stop-after 30s
    stats socket /run/${RUNTIME}/admin.sock mode 600 level admin

defaults
    mode tcp
    log global
    option dontlognull
    option redispatch
    retries 2
    timeout connect 2s
    timeout check 3s
    # Watches may be silent for long; the API server ends what is idle too long.
    timeout client 4h
    timeout server 4h

frontend api
    bind 127.0.0.1:${API_BALANCER_PORT}
    default_backend api-servers

backend api-servers
    balance leastconn
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes
    http-check expect status 200
    # Down within 4 s, up within 4 s; a fresh start takes two checks in a row.
    default-server check inter 2s fastinter 1s downinter 2s fall 2 rise 2
    default-server check-ssl verify required ca-file ${AUTHORITIES} check-alpn http/1.1
    default-server on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}

function unit(context: MachineContext): PlannedUnit {
  const { machine } = context;
  const inImage = hasReadOnlyUsr(machine.os);
  return productService({
    name: API_BALANCER_UNIT,
    description: 'Keelway: load balancer of this machine for the API servers',
    documentation: 'https://docs.haproxy.org',
    ...(inImage ? { wants: [CONTAINERD_UNIT] } : {}),
    after: ['network.target', 'keelway-firewall.service'],
    unit: [['StartLimitIntervalSec', 0]],
    service: [
      ...(inImage ? imageLines(context) : programLines(programPath(machine.os, 'haproxy'))),
      ['RuntimeDirectory', RUNTIME],
      ['RuntimeDirectoryMode', '0700'],
      ['Restart', 'always'],
      ['RestartSec', '2s'],
      ['OOMScoreAdjust', -900],
    ],
  });
}

function programLines(haproxy: string): UnitSection {
  return [
    ['Type', 'notify'],
    ['ExecStartPre', `${haproxy} -c -q -f ${CONFIG_FILE}`],
    ['ExecStart', `${haproxy} -Ws -f ${CONFIG_FILE}`],
    ['ExecReload', `${haproxy} -c -q -f ${CONFIG_FILE}`],
    ['ExecReload', '/bin/kill -USR2 $MAINPID'],
    ['KillMode', 'mixed'],
    ['SuccessExitStatus', 143],
    ['DynamicUser', 'yes'],
    ['CapabilityBoundingSet', ''],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', 'yes'],
    ['PrivateDevices', 'yes'],
    ['ProtectKernelTunables', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
    ['LimitNOFILE', 16_384],
  ];
}

function imageLines(context: MachineContext): UnitSection {
  const { cluster, inputs, machine } = context;
  const locked = lockedPrograms(cluster, machine, inputs).find(({ program }) => program.asset === 'haproxy');
  if (locked === undefined) throw new RangeError(`${machine.name} runs no HAProxy`);
  return ociServiceLines(machine, {
    name: 'keelway-api-balancer',
    image: locked.asset,
    command: [programPath(machine.os, 'haproxy'), '-W', '-db', '-f', CONFIG_FILE],
    mounts: [
      { path: FOLDER, readOnly: true },
      { path: `/run/${RUNTIME}`, readOnly: false },
    ],
    user: IMAGE_USER,
  }).flatMap(([directive, value]) =>
    // The runtime folder is ctr's, and so root's.
    directive === 'ExecStart'
      ? [['ExecStartPre', `/bin/chown ${IMAGE_USER} /run/${RUNTIME}`] as const, [directive, value] as const]
      : [[directive, value] as const],
  );
}
