import { programPath } from '../model/programs.ts';
import { renderKubeconfig } from '../pki/kubeconfig.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { commandLine, unitFile } from '../render/systemd.ts';
import { API_BALANCER_UNIT, apiServerOf } from './api-server-address.ts';
import { assetUnits } from './asset-units.ts';
import { IMAGES_UNIT } from './container-images.ts';
import { CONTAINERD_UNIT } from './containerd.ts';
import { clientAuthorities, configFile, leafFiles, publicFile, rootDirectory } from './control-plane-files.ts';
import { KUBELET_CERTIFICATE_UNIT, KUBELET_CLIENT_CERTIFICATE } from './kubelet-certificate.ts';
import { kubeletConfig, SHUTDOWN_GRACE_SECONDS } from './kubelet-config.ts';
import {
  CLIENT_AUTHORITIES,
  CLUSTER_AUTHORITIES,
  KUBELET_CONFIG_FOLDER,
  KUBELET_DROP_INS,
  KUBELET_KUBECONFIG,
  KUBELET_PKI,
} from './kubelet-paths.ts';
import { plainFile, productService } from './product-unit.ts';
import { STATIC_POD_DIRECTORY } from './static-pod.ts';

/**
 * The kubelet of a control-plane machine or worker: configuration, serving certificate, kubeconfig and unit.
 *
 * The files that its client certificate needs are {@link kubeletCertificate}'s.
 */
export function kubelet(context: MachineContext): MachinePart {
  const { cluster, machine, pki } = context;
  return {
    directories: [
      rootDirectory('/etc/kubernetes', 0o755),
      rootDirectory('/etc/kubernetes/pki', 0o755),
      rootDirectory(KUBELET_PKI, 0o755),
      rootDirectory(KUBELET_CONFIG_FOLDER, 0o755),
      rootDirectory(KUBELET_DROP_INS, 0o755),
      rootDirectory('/etc/systemd/logind.conf.d', 0o755),
      ...(machine.role === 'control-plane' ? [rootDirectory(STATIC_POD_DIRECTORY, 0o700)] : []),
    ],
    files: [
      publicFile(CLUSTER_AUTHORITIES, pki.trust.kubernetes),
      publicFile(CLIENT_AUTHORITIES, clientAuthorities(pki)),
      ...leafFiles(context, 'kubelet-serving', KUBELET_PKI, 'serving', 0o600),
      configFile(`${KUBELET_CONFIG_FOLDER}/config.yaml`, kubeletConfig(cluster, machine)),
      configFile(
        KUBELET_KUBECONFIG,
        renderKubeconfig({
          clusterName: cluster.name,
          server: apiServerOf(context),
          user: `system:node:${machine.name}`,
          certificateAuthority: { path: CLUSTER_AUTHORITIES },
          credentials: { certificatePath: KUBELET_CLIENT_CERTIFICATE, keyPath: KUBELET_CLIENT_CERTIFICATE },
        }),
      ),
      plainFile(
        '/etc/systemd/logind.conf.d/10-keelway.conf',
        // Otherwise the kubelet writes a file of its own there.
        unitFile({ Login: [['InhibitDelayMaxSec', SHUTDOWN_GRACE_SECONDS]] }),
      ),
    ],
    // CIS 4.1.1 asks for it, and systemd remarks that it hides nothing.
    units: [{ ...unit(context), mode: 0o600 }, ...(machine.configFormat === 'cloud-init' ? [LOGIND] : [])],
  };
}

/** Named, so that it is started anew when its settings arrive after it has started. */
const LOGIND: PlannedUnit = {
  name: 'systemd-logind.service',
  contents: null,
  enabled: false,
  masked: false,
  dropIns: [],
};

/**
 * The kubelet's arguments; everything else is in its configuration file.
 *
 * The node address is given because the VIP, an address of the machine too, must not become the node's.
 */
export function kubeletFlags({ machine }: MachineContext): readonly string[] {
  const labels = Object.entries(machine.labels).map(([key, value]) => `${key}=${value}`);
  return [
    `--config=${KUBELET_CONFIG_FOLDER}/config.yaml`,
    `--config-dir=${KUBELET_DROP_INS}`,
    `--kubeconfig=${KUBELET_KUBECONFIG}`,
    `--node-ip=${machine.address}`,
    ...(labels.length === 0 ? [] : [`--node-labels=${labels.join(',')}`]),
  ];
}

function unit(context: MachineContext): PlannedUnit {
  const { machine } = context;
  return productService({
    name: 'kubelet.service',
    description: 'Kubernetes: kubelet',
    documentation: 'https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/',
    requires: [...assetUnits(context), KUBELET_CERTIFICATE_UNIT],
    wants: [
      'network-online.target',
      CONTAINERD_UNIT,
      IMAGES_UNIT,
      ...(machine.role === 'worker' ? [API_BALANCER_UNIT] : []),
    ],
    after: ['keelway-kernel.service'],
    firewalled: true,
    unit: [['StartLimitIntervalSec', 0]],
    service: [
      ['Type', 'notify'],
      ['ExecStart', commandLine(programPath(machine.os, 'kubelet'), kubeletFlags(context))],
      ['TimeoutStartSec', '5min'],
      ['Restart', 'always'],
      ['RestartSec', '5s'],
      ['OOMScoreAdjust', -999],
    ],
  });
}
