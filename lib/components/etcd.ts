import { programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedFile, PlannedUser } from '../plan/machine-plan.ts';
import { commandLine, type UnitSection } from '../render/systemd.ts';
import { leafFiles, publicFile, rootDirectory } from './control-plane-files.ts';
import { DATA_DISK_LINK } from './data-disk-script.ts';
import { ETCD_CLIENT_PORT, ETCD_PKI, etcdFlags } from './etcd-flags.ts';
import { DATA_DISK_VARIABLE, ETCD_GUARD, etcdGuardFile, GUARD_REFUSAL } from './etcd-guard.ts';
import { plainFile, productService } from './product-unit.ts';

export const ETCD_UNIT = 'etcd.service';

/** Settings of etcdctl for this member, with a client certificate of its own. */
export const ETCDCTL_ENVIRONMENT = '/etc/etcd/etcdctl.env';

const ETCD_USER: PlannedUser = {
  name: 'etcd',
  system: true,
  homeDirectory: null,
  shell: '/usr/sbin/nologin',
  groups: [],
  sshAuthorizedKeys: [],
  sudo: false,
};

/**
 * The etcd member of this machine as a systemd service, behind its guard, with its certificates and, for root, an etcdctl
 * that needs no flags.
 *
 * With Type=notify etcd counts as started once it has joined a quorum, so nothing may end the wait.
 *
 * @see https://github.com/etcd-io/etcd/blob/main/contrib/systemd/etcd.service
 */
export function etcd(context: MachineContext): MachinePart {
  const { machine } = context;
  return {
    users: [ETCD_USER],
    directories: [rootDirectory('/etc/etcd', 0o755), rootDirectory(ETCD_PKI, 0o755)],
    files: [
      ...certificates(context),
      etcdGuardFile(),
      plainFile(ETCDCTL_ENVIRONMENT, environmentFile()),
      plainFile('/etc/profile.d/keelway-etcdctl.sh', profile(programPath(machine.os, 'etcdctl'))),
    ],
    units: [
      productService({
        name: ETCD_UNIT,
        description: `etcd: member ${machine.name} of the cluster ${context.cluster.name}`,
        documentation: 'https://etcd.io/docs/',
        wants: ['network-online.target'],
        after: ['keelway-kernel.service'],
        firewalled: true,
        unit: [
          ['RequiresMountsFor', context.cluster.etcd.dataDirectory],
          // Not started is no reason to give up: the others may come in an hour.
          ['StartLimitIntervalSec', 0],
        ],
        service: [...serviceLines(context), ...hardening(context.cluster.etcd.dataDirectory)],
      }),
    ],
  };
}

function certificates(context: MachineContext): readonly PlannedFile[] {
  const { trust } = context.pki;
  const files = [
    publicFile(`${ETCD_PKI}/ca.crt`, trust.etcd),
    publicFile(`${ETCD_PKI}/peer-ca.crt`, trust['etcd-peer']),
    ...leafFiles(context, 'etcd-server', ETCD_PKI, 'server', 0o640),
    ...leafFiles(context, 'etcd-peer', ETCD_PKI, 'peer', 0o640),
    ...leafFiles(context, 'etcd-healthcheck-client', ETCD_PKI, 'healthcheck-client', 0o600),
  ];
  return files.map((file) => ({ ...file, owner: ETCD_USER.name, group: ETCD_USER.name }));
}

function serviceLines({ cluster, machine, pki }: MachineContext): UnitSection {
  const { dataDirectory } = cluster.etcd;
  const flags = etcdFlags(cluster, machine, pki.etcdToken);
  return [
    ['Type', 'notify'],
    ['User', ETCD_USER.name],
    ['Group', ETCD_USER.name],
    ['UMask', '0077'],
    ['RuntimeDirectory', 'etcd'],
    ['SyslogIdentifier', 'etcd'],
    ...(machine.dataDisk === null ? [] : [['Environment', `${DATA_DISK_VARIABLE}=${DATA_DISK_LINK}`] as const]),
    // The root of a fresh file system is root's; old data may have the number that etcd's account had then.
    ['ExecStartPre', `+/bin/sh ${ETCD_GUARD} --own ${dataDirectory}`],
    // Through sh: SELinux lets systemd run no program below /etc.
    ['ExecStart', commandLine('/bin/sh', [ETCD_GUARD, programPath(machine.os, 'etcd'), ...flags])],
    ['ExecStartPost', `-/bin/sh ${ETCD_GUARD} --formed ${dataDirectory}`],
    ['ExecStopPost', `+-/bin/sh ${ETCD_GUARD} --report`],
    ['TimeoutStartSec', 'infinity'],
    ['Restart', 'always'],
    ['RestartSec', '5s'],
    ['RestartPreventExitStatus', GUARD_REFUSAL],
    ['LimitNOFILE', 65_536],
    ['OOMScoreAdjust', -900],
    // A write waits for the disk, and a late heartbeat costs a leader.
    ['IOSchedulingClass', 'best-effort'],
    ['IOSchedulingPriority', 0],
    ['Nice', -10],
  ];
}

/** etcd needs its data, its keys and the network; the guard also openssl, curl and findmnt. */
function hardening(dataDirectory: string): UnitSection {
  return [
    ['CapabilityBoundingSet', ''],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ReadWritePaths', dataDirectory],
    ['ProtectHome', 'yes'],
    ['PrivateTmp', 'yes'],
    ['PrivateDevices', 'yes'],
    ['ProtectClock', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['ProtectHostname', 'yes'],
    ['ProtectKernelLogs', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectKernelTunables', 'yes'],
    ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_NETLINK AF_UNIX'],
    ['RestrictNamespaces', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['RestrictSUIDSGID', 'yes'],
    ['LockPersonality', 'yes'],
    ['MemoryDenyWriteExecute', 'yes'],
    ['SystemCallArchitectures', 'native'],
    ['SystemCallFilter', '@system-service'],
    ['SystemCallErrorNumber', 'EPERM'],
  ];
}

function environmentFile(): string {
  return [
    `ETCDCTL_ENDPOINTS=https://127.0.0.1:${ETCD_CLIENT_PORT}`,
    `ETCDCTL_CACERT=${ETCD_PKI}/ca.crt`,
    `ETCDCTL_CERT=${ETCD_PKI}/healthcheck-client.crt`,
    `ETCDCTL_KEY=${ETCD_PKI}/healthcheck-client.key`,
    '',
  ].join('\n');
}

/** The key is for root and etcd only, so nobody else gets settings that would fail. */
function profile(etcdctl: string): string {
  const folder = etcdctl.slice(0, etcdctl.lastIndexOf('/'));
  return `# Keelway: lets root type "etcdctl member list" on this machine.
if [ "$(id -u)" -eq 0 ]; then
  case :$PATH: in *:${folder}:*) ;; *) PATH=$PATH:${folder} ;; esac
  set -a
  . ${ETCDCTL_ENVIRONMENT}
  set +a
fi
`;
}
