import type { Cluster } from '../model/cluster.ts';
import { programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { type UnitSection, unitFile } from '../render/systemd.ts';
import { bootstrapManifest } from './bootstrap-objects.ts';
import { bootstrapScript, CREDENTIAL_FOLDER } from './bootstrap-script.ts';
import { CONTROLLER_MANAGER_PKI, localApiServer, rootDirectory } from './control-plane-files.ts';
import { CLUSTER_AUTHORITIES, KUBELET_KUBECONFIG } from './kubelet-paths.ts';
import { plainFile, SEED_UNIT, scriptCommand, scriptFile, TARGET, TIME_SYNC_UNIT } from './product-unit.ts';

const UNIT = 'keelway-bootstrap';
const SCRIPT = 'bootstrap';
const OBJECTS = '/etc/keelway/bootstrap/objects.yaml';
const RUNTIME_DIRECTORY = 'keelway/bootstrap';

/**
 * The unit of a control-plane machine that applies {@link bootstrapManifest} and gives its node the role.
 *
 * A timer starts it, so that the boot does not wait for the API, and again every ten minutes: a node that registers
 * later, or anew, gets its labels, and a run with nothing to do makes no credential.
 *
 * @returns Nothing with `pki.nodeSigner: offline`: the operator applies the same objects.
 */
export function bootstrap(context: MachineContext): MachinePart {
  const { cluster, machine } = context;
  if (cluster.pki.nodeSigner === 'offline') return {};
  return {
    directories: [rootDirectory('/etc/keelway/bootstrap', 0o755)],
    files: [
      plainFile(OBJECTS, bootstrapManifest(cluster)),
      scriptFile(
        SCRIPT,
        bootstrapScript({
          kubectl: programPath(machine.os, 'kubectl'),
          machine: machine.name,
          server: localApiServer(context),
          authorities: CLUSTER_AUTHORITIES,
          signer: `${CONTROLLER_MANAGER_PKI}/node-signer`,
          kubeletKubeconfig: KUBELET_KUBECONFIG,
          objects: OBJECTS,
          runtimeDirectory: `/run/${RUNTIME_DIRECTORY}`,
          nodeLabels: controlPlaneNodeLabels(cluster),
        }),
      ),
    ],
    units: [service(), timer()],
  };
}

/**
 * Labels of a control-plane node that an administrator must give it: a kubelet may not, or need not, do so itself.
 *
 * Without ordinary pods on the control plane, outside load balancers have nothing to send there.
 */
export function controlPlaneNodeLabels(cluster: Cluster): readonly string[] {
  return [
    'node-role.kubernetes.io/control-plane',
    ...(cluster.controlPlane.schedulable ? [] : ['node.kubernetes.io/exclude-from-external-load-balancers']),
  ];
}

function service(): PlannedUnit {
  return {
    name: `${UNIT}.service`,
    enabled: false,
    masked: false,
    dropIns: [],
    contents: unitFile({
      Unit: [
        ['Description', 'Keelway: first permissions of the cluster and role of this node'],
        ['Requires', SEED_UNIT],
        ['After', `${SEED_UNIT} ${TIME_SYNC_UNIT} kubelet.service`],
        ['PartOf', TARGET],
        ['StartLimitIntervalSec', 0],
      ],
      Service: [
        ['Type', 'oneshot'],
        ['ExecStart', scriptCommand(SCRIPT)],
        // Also after a SIGKILL, which the script cannot catch.
        ['ExecStopPost', `/bin/rm -rf /run/${RUNTIME_DIRECTORY}/${CREDENTIAL_FOLDER}`],
        ['TimeoutStartSec', '30min'],
        ['Restart', 'on-failure'],
        ['RestartSec', '5s'],
        ['RestartSteps', 5],
        ['RestartMaxDelaySec', '60s'],
        ['RuntimeDirectory', RUNTIME_DIRECTORY],
        ['RuntimeDirectoryMode', '0700'],
        // Keeps the note of what was applied since the boot, for the next run of the timer.
        ['RuntimeDirectoryPreserve', 'yes'],
        ...SANDBOX,
      ],
    }),
  };
}

const SANDBOX: UnitSection = [
  ['UMask', '0077'],
  ['NoNewPrivileges', 'yes'],
  ['CapabilityBoundingSet', ''],
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'yes'],
  ['PrivateTmp', 'yes'],
  ['PrivateDevices', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectProc', 'invisible'],
  ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
  ['RestrictNamespaces', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['LockPersonality', 'yes'],
  ['MemoryDenyWriteExecute', 'yes'],
  ['SystemCallArchitectures', 'native'],
  ['SystemCallFilter', '@system-service'],
];

function timer(): PlannedUnit {
  return {
    name: `${UNIT}.timer`,
    enabled: true,
    masked: false,
    dropIns: [],
    contents: unitFile({
      Unit: [
        ['Description', 'Keelway: bootstrap at the boot, then look again every ten minutes'],
        ['Requires', SEED_UNIT],
        ['After', SEED_UNIT],
        ['PartOf', TARGET],
      ],
      Timer: [
        ['OnActiveSec', '1s'],
        ['OnUnitInactiveSec', '10min'],
        ['AccuracySec', '1s'],
      ],
      Install: [['WantedBy', TARGET]],
    }),
  };
}
