import { KeelwayError } from '../errors.ts';
import type { BgpSettings, Vip } from '../model/cluster.ts';
import { renderKubeconfig } from '../pki/kubeconfig.ts';
import type { MachineContext, MachinePart, PlannedFile } from '../plan/machine-plan.ts';
import { bgpPassword } from './bgp-password.ts';
import { KUBE_VIP_LEASE } from './bootstrap-objects.ts';
import { configFile, leafFiles, localApiServer, publicFile, rootDirectory, secretFile } from './control-plane-files.ts';
import { imageReference } from './image-reference.ts';
import { restartAnnotation, staticPodFile } from './static-pod.ts';

const FOLDER = '/etc/kube-vip';
const KUBECONFIG = `${FOLDER}/kubeconfig`;
const AUTHORITIES = `${FOLDER}/ca.crt`;
const PEERS_FILE = `${FOLDER}/peers.json`;

/** kube-vip's metrics; also what tells that it lives. */
export const KUBE_VIP_METRICS = '127.0.0.1:2112';

type Environment = Readonly<Record<string, string>>;

/**
 * kube-vip as a static pod, in the profile of the cluster, with the files it reads at its start.
 *
 * - `arp`: one machine at a time holds the address, by a Lease that it renews through its own API server.
 * - `bgp-router`: every machine holds the address and announces it to the routers while its own `/readyz` answers 200.
 * - `bgp-mesh`: every machine holds the address while its own `/readyz` answers 200; BIRD announces it.
 *
 * `/readyz`, not `/livez`: it fails as soon as an API server begins to stop, so the VIP leaves first.
 *
 * @throws {@link KeelwayError} for a BGP password that cannot be used; `PLAN_UNSUPPORTED` in profile arp when neither the
 * interface nor a gateway is known.
 * @see https://kube-vip.io/docs/installation/flags/
 */
export function kubeVip(context: MachineContext): MachinePart {
  const { cluster, inputs } = context;
  const { vip } = cluster.controlPlane;
  if (vip === null) return {};
  const peers = peersFile(context, vip);
  const files = [...credentials(context), ...peers];
  return {
    directories: [rootDirectory(FOLDER, 0o700)],
    files: [
      ...files,
      staticPodFile({
        name: 'kube-vip',
        image: imageReference(cluster, inputs, 'kube-vip'),
        args: ['manager', ...(peers.length === 0 ? [] : ['--config-file', PEERS_FILE])],
        env: Object.entries({ ...commonEnvironment(context, vip), ...profileEnvironment(context, vip) }).map(
          ([name, value]) => ({ name, value }),
        ),
        annotations: restartAnnotation(files),
        requests: { cpu: '50m', memory: '64Mi' },
        // Its health check leaks a little: better a restart than a full machine.
        memoryLimit: '256Mi',
        addCapabilities: ['NET_ADMIN', 'NET_RAW'],
        mounts: [{ name: 'config', path: FOLDER, type: 'Directory', readOnly: true }],
        terminationGracePeriodSeconds: 20,
      }),
    ],
  };
}

/** Loaded in every profile; only `arp` has rights with it. */
function credentials(context: MachineContext): readonly PlannedFile[] {
  return [
    publicFile(AUTHORITIES, context.pki.trust.kubernetes),
    ...leafFiles(context, 'kube-vip', FOLDER, 'client'),
    configFile(
      KUBECONFIG,
      renderKubeconfig({
        clusterName: context.cluster.name,
        server: localApiServer(context),
        user: 'kube-vip',
        certificateAuthority: { path: AUTHORITIES },
        credentials: { certificatePath: `${FOLDER}/client.crt`, keyPath: `${FOLDER}/client.key` },
      }),
    ),
  ];
}

function commonEnvironment(context: MachineContext, vip: Vip): Environment {
  return {
    vip_nodename: context.machine.name,
    cp_enable: 'true',
    svc_enable: 'false',
    address: vip.address,
    vip_subnet: '32',
    port: String(context.cluster.controlPlane.port),
    k8s_config_file: KUBECONFIG,
    kubernetes_addr: localApiServer(context),
    prometheus_server: KUBE_VIP_METRICS,
  };
}

function profileEnvironment(context: MachineContext, vip: Vip): Environment {
  if (vip.bgp === null) return arpEnvironment(context);
  const health = healthCheck(context);
  return vip.profile === 'bgp-mesh'
    ? { ...meshEnvironment(), ...health }
    : { ...routerEnvironment(context, vip.bgp), ...health };
}

/**
 * The lease lives 5 s: a machine that fails is replaced after 4 to 10 s. With kube-vip's long timing (15, 10, 2) it takes three
 * times as long, in which a stuck holder may still answer beside the new one.
 */
function arpEnvironment(context: MachineContext): Environment {
  return {
    vip_arp: 'true',
    ...interfaceOf(context),
    vip_leaderelection: 'true',
    vip_leasename: KUBE_VIP_LEASE,
    vip_leaseduration: '5',
    vip_renewdeadline: '3',
    vip_retryperiod: '1',
    cp_namespace: 'kube-system',
  };
}

/** Without a name kube-vip takes the interface of the default route. */
function interfaceOf({ cluster, machine }: MachineContext): Environment {
  if (machine.interfaceName !== null) return { vip_interface: machine.interfaceName };
  if (cluster.network.gateway !== null) return {};
  throw new KeelwayError({
    code: 'PLAN_UNSUPPORTED',
    message: `in profile arp kube-vip must know the interface of ${machine.name}, and there is no gateway to find it by`,
    hint: `add interface: eno1 (its name) to ${machine.name}, or network.gateway`,
  });
}

function meshEnvironment(): Environment {
  return {
    vip_routingtable: 'true',
    // A table that nothing looks up: BIRD follows the address.
    vip_routingtableid: '198',
    vip_routingprotocol: '248',
    vip_interface: 'lo',
    vip_leaderelection: 'false',
    backend_health_check_interval: '2',
  };
}

function routerEnvironment({ machine }: MachineContext, bgp: BgpSettings): Environment {
  return {
    bgp_enable: 'true',
    vip_interface: 'lo',
    vip_leaderelection: 'false',
    bgp_routerid: machine.address,
    bgp_sourceip: machine.address,
    bgp_as: String(bgp.asn),
    bgp_hold_time: String(bgp.holdTimeSeconds),
    bgp_keepalive_interval: String(bgp.keepaliveSeconds),
    ...(hasPasswords(bgp)
      ? {}
      : { bgp_peers: bgp.routers.map(({ address, asn, multihop }) => `${address}:${asn}::${multihop}`).join(',') }),
  };
}

function healthCheck(context: MachineContext): Environment {
  return {
    control_plane_health_check_address: `${localApiServer(context)}/readyz`,
    control_plane_health_check_ca_path: AUTHORITIES,
    control_plane_health_check_period_seconds: '2',
    control_plane_health_check_timeout_seconds: '3',
    control_plane_health_check_failure_threshold: '3',
  };
}

function hasPasswords(bgp: BgpSettings): boolean {
  return bgp.routers.some(({ passwordFile }) => passwordFile !== null);
}

/**
 * The routers, when one of them has a password: the environment of a static pod is shown to everyone who may read pods.
 *
 * By flag: kube-vip reads the variable `config_file` only after it has looked for the file.
 */
function peersFile({ inputs }: MachineContext, vip: Vip): readonly PlannedFile[] {
  if (vip.profile !== 'bgp-router' || vip.bgp === null || !hasPasswords(vip.bgp)) return [];
  const peers = vip.bgp.routers.map((router, index) => ({
    Address: router.address,
    AS: router.asn,
    Port: 179,
    MultiHop: router.multihop,
    Password:
      bgpPassword(inputs, router.passwordFile, [
        ...['spec', 'controlPlane', 'vip', 'bgp', 'routers'],
        index,
        'passwordFile',
      ]) ?? '',
  }));
  return [secretFile(PEERS_FILE, `${JSON.stringify({ BGPConfig: { Peers: peers } }, null, 2)}\n`)];
}
