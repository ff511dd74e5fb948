import type { Cluster } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { programPath } from '../model/programs.ts';
import { renderKubeconfig } from '../pki/kubeconfig.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { commandLine } from '../render/systemd.ts';
import { toYaml } from '../render/yaml.ts';
import { API_BALANCER_UNIT, apiServerOf } from './api-server-address.ts';
import { assetUnits } from './asset-units.ts';
import { configFile, leafFiles, rootDirectory } from './control-plane-files.ts';
import { CLUSTER_AUTHORITIES } from './kubelet-paths.ts';
import { plainFile, productService } from './product-unit.ts';

const PKI = '/etc/kubernetes/pki/kube-proxy';
const KUBECONFIG = '/etc/kubernetes/kube-proxy.conf';
const CONFIG_FOLDER = '/etc/kubernetes/kube-proxy';
const CONFIG_FILE = `${CONFIG_FOLDER}/config.yaml`;

/**
 * kube-proxy as a systemd unit on every Kubernetes machine: Services work before any add-on is there, and webhooks are
 * reached from the control plane too. Its user is bound to its role by Kubernetes itself.
 */
export function kubeProxy(context: MachineContext): MachinePart {
  const { cluster, machine } = context;
  return {
    directories: [rootDirectory(CONFIG_FOLDER, 0o755), rootDirectory(PKI, 0o755)],
    files: [
      ...leafFiles(context, 'kube-proxy', PKI, 'client'),
      plainFile(CONFIG_FILE, kubeProxyConfig(cluster, machine)),
      configFile(
        KUBECONFIG,
        renderKubeconfig({
          clusterName: cluster.name,
          server: apiServerOf(context),
          user: 'system:kube-proxy',
          certificateAuthority: { path: CLUSTER_AUTHORITIES },
          credentials: { certificatePath: `${PKI}/client.crt`, keyPath: `${PKI}/client.key` },
        }),
      ),
    ],
    units: [unit(context)],
  };
}

/**
 * The KubeProxyConfiguration of a machine. The mode is always written: its default is about to change. Connection
 * tracking is left as the sysctls of the machine set it.
 *
 * @see https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/
 */
export function kubeProxyConfig(cluster: Cluster, machine: Machine): string {
  return toYaml({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: machine.name,
    clientConnection: { kubeconfig: KUBECONFIG },
    detectLocalMode: 'ClusterCIDR',
    clusterCIDR: cluster.network.podCidr,
    nodePortAddresses: ['primary'],
    bindAddress: '0.0.0.0',
    healthzBindAddress: '0.0.0.0:10256',
    metricsBindAddress: '127.0.0.1:10249',
    enableProfiling: false,
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    nftables: { minSyncPeriod: '1s', syncPeriod: '30s' },
  });
}

function unit(context: MachineContext): PlannedUnit {
  const { machine } = context;
  return productService({
    name: 'kube-proxy.service',
    description: 'Kubernetes: kube-proxy',
    documentation: 'https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/',
    requires: assetUnits(context),
    wants: ['network-online.target', ...(machine.role === 'worker' ? [API_BALANCER_UNIT] : [])],
    after: ['keelway-kernel.service'],
    firewalled: true,
    unit: [['StartLimitIntervalSec', 0]],
    service: [
      ['ExecStart', commandLine(programPath(machine.os, 'kube-proxy'), [`--config=${CONFIG_FILE}`])],
      ['Restart', 'always'],
      ['RestartSec', '5s'],
      ['LimitNOFILE', 65_536],
      ['OOMScoreAdjust', -999],
      ['CapabilityBoundingSet', 'CAP_NET_ADMIN CAP_NET_RAW CAP_DAC_OVERRIDE CAP_SYS_RESOURCE'],
      ['NoNewPrivileges', 'yes'],
      ['ProtectSystem', 'strict'],
      ['ProtectHome', 'yes'],
      ['PrivateTmp', 'yes'],
      ['ReadWritePaths', '/run'],
    ],
  });
}
