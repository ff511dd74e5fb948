import type { Cluster } from '../model/cluster.ts';
import { renderKubeconfig } from '../pki/kubeconfig.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import {
  CONTROLLER_MANAGER_PKI,
  clientAuthorities,
  configFile,
  joinPem,
  leafFiles,
  localApiServer,
  nodeSigner,
  publicFile,
  rootDirectory,
  secretFile,
} from './control-plane-files.ts';
import { imageReference } from './image-reference.ts';
import { restartAnnotation, STATIC_POD_DIRECTORY, staticPodFile } from './static-pod.ts';

const NAME = 'kube-controller-manager';
const KUBECONFIG = '/etc/kubernetes/controller-manager.conf';
const PORT = 10_257;
/** The program makes this folder when it is missing, which a read-only root file system does not let it. */
const FLEX_VOLUME_DIRECTORY = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec';

/**
 * The controller-manager of a control-plane machine: static pod, kubeconfig and PKI folder.
 *
 * With `pki.nodeSigner: online` it signs the kubelets' client certificates, and nothing else, with the node-signer CA;
 * with `offline` it signs nothing. The controllers for bootstrap tokens stay off, as by default.
 */
export function kubeControllerManager(context: MachineContext): MachinePart {
  const { cluster, inputs, pki } = context;
  const signer = nodeSigner(context);
  const rootAuthorities = publicFile(`${CONTROLLER_MANAGER_PKI}/ca.crt`, pki.trust.kubernetes);
  const serviceAccountKey = secretFile(`${CONTROLLER_MANAGER_PKI}/sa.key`, joinPem([pki.serviceAccount.privateKeyPem]));
  const kubeconfig = configFile(
    KUBECONFIG,
    renderKubeconfig({
      clusterName: cluster.name,
      server: localApiServer(context),
      user: `system:${NAME}`,
      certificateAuthority: { path: rootAuthorities.path },
      credentials: {
        certificatePath: `${CONTROLLER_MANAGER_PKI}/client.crt`,
        keyPath: `${CONTROLLER_MANAGER_PKI}/client.key`,
      },
    }),
  );
  return {
    directories: [rootDirectory(STATIC_POD_DIRECTORY, 0o700), rootDirectory(CONTROLLER_MANAGER_PKI, 0o700)],
    files: [
      kubeconfig,
      rootAuthorities,
      serviceAccountKey,
      publicFile(`${CONTROLLER_MANAGER_PKI}/client-ca.crt`, clientAuthorities(pki)),
      publicFile(`${CONTROLLER_MANAGER_PKI}/front-proxy-ca.crt`, pki.trust['front-proxy']),
      ...leafFiles(context, 'controller-manager', CONTROLLER_MANAGER_PKI, 'client'),
      ...(signer === null
        ? []
        : [
            publicFile(`${CONTROLLER_MANAGER_PKI}/node-signer.crt`, signer.certificatePem),
            secretFile(`${CONTROLLER_MANAGER_PKI}/node-signer.key`, joinPem([signer.keyPem])),
          ]),
      staticPodFile({
        name: NAME,
        image: imageReference(cluster, inputs, NAME),
        command: [NAME, ...kubeControllerManagerFlags(cluster)],
        annotations: restartAnnotation([kubeconfig, rootAuthorities, serviceAccountKey]),
        probes: { host: '127.0.0.1', port: PORT, liveness: '/healthz', startup: '/healthz' },
        requests: { cpu: '200m', memory: '256Mi' },
        mounts: [
          { name: 'pki', path: CONTROLLER_MANAGER_PKI, type: 'Directory', readOnly: true },
          { name: 'kubeconfig', path: KUBECONFIG, type: 'File', readOnly: true },
        ],
        emptyDirectories: [{ name: 'flexvolume', path: FLEX_VOLUME_DIRECTORY }],
      }),
    ],
  };
}

/**
 * The controller-manager's command line, without the program's name.
 *
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
 */
export function kubeControllerManagerFlags(cluster: Cluster): readonly string[] {
  return [
    `--kubeconfig=${KUBECONFIG}`,
    `--authentication-kubeconfig=${KUBECONFIG}`,
    `--authorization-kubeconfig=${KUBECONFIG}`,
    '--bind-address=127.0.0.1',
    '--tls-min-version=VersionTLS13',
    '--leader-elect=true',
    '--profiling=false',
    `--cluster-name=${cluster.name}`,
    `--client-ca-file=${CONTROLLER_MANAGER_PKI}/client-ca.crt`,
    `--requestheader-client-ca-file=${CONTROLLER_MANAGER_PKI}/front-proxy-ca.crt`,
    '--requestheader-allowed-names=front-proxy-client',
    // Published to every namespace as the kube-root-ca.crt ConfigMap.
    `--root-ca-file=${CONTROLLER_MANAGER_PKI}/ca.crt`,
    `--service-account-private-key-file=${CONTROLLER_MANAGER_PKI}/sa.key`,
    '--use-service-account-credentials=true',
    // Calico's own address management hands out the pod CIDR.
    '--allocate-node-cidrs=false',
    '--terminated-pod-gc-threshold=12500',
    ...(cluster.pki.nodeSigner === 'offline'
      ? []
      : [
          `--cluster-signing-kubelet-client-cert-file=${CONTROLLER_MANAGER_PKI}/node-signer.crt`,
          `--cluster-signing-kubelet-client-key-file=${CONTROLLER_MANAGER_PKI}/node-signer.key`,
          `--cluster-signing-duration=${cluster.pki.leafValiditySeconds}s`,
        ]),
  ];
}
