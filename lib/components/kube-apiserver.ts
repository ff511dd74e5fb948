import { clientsReloadAuthorities } from '../model/quirks.ts';
import type { MachineContext, MachinePart, PlannedFile } from '../plan/machine-plan.ts';
import { admissionFiles } from './admission.ts';
import { AUDIT_LOG_DIRECTORY, auditPolicy } from './audit-policy.ts';
import { authenticationConfig } from './authentication.ts';
import {
  API_SERVER_CONFIG,
  API_SERVER_PKI,
  clientAuthorities,
  joinPem,
  leafFiles,
  publicFile,
  rootDirectory,
  secretFile,
} from './control-plane-files.ts';
import { encryptionConfig } from './encryption.ts';
import { imageReference } from './image-reference.ts';
import { kubeApiserverFlags } from './kube-apiserver-flags.ts';
import { restartAnnotation, STATIC_POD_DIRECTORY, staticPodFile } from './static-pod.ts';

const NAME = 'kube-apiserver';

/** The delay, then a minute for requests, then the watches' grace; systemd and the kubelet wait this long at most. */
const TERMINATION_GRACE_SECONDS = 120;

/** Ports below this one need a capability. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * The API server of a control-plane machine: static pod, its PKI folder and its configuration files.
 *
 * Certificates, authentication (but for `anonymous`) and encryption reload by themselves; a change of anything else
 * recreates the pod.
 *
 * No CA certificates of the OS are mounted, as kubeadm does: token issuers and webhooks are given theirs by configuration, the
 * image brings the public ones, and each OS has them elsewhere, where a missing folder would keep the pod from starting.
 */
export function kubeApiserver(context: MachineContext): MachinePart {
  const { cluster, inputs, machine } = context;
  const port = cluster.controlPlane.port;
  const once = readOnce(context);
  return {
    directories: [
      rootDirectory(STATIC_POD_DIRECTORY, 0o700),
      rootDirectory(API_SERVER_PKI, 0o700),
      rootDirectory(API_SERVER_CONFIG, 0o700),
      rootDirectory(AUDIT_LOG_DIRECTORY, 0o700),
    ],
    files: [
      ...once,
      ...reloaded(context),
      staticPodFile({
        name: NAME,
        image: imageReference(cluster, inputs, NAME),
        command: [NAME, ...kubeApiserverFlags(cluster, machine)],
        annotations: {
          // The name that kubeadm gave it, because other tools look for it.
          'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${machine.address}:${port}`,
          ...restartAnnotation(once),
        },
        // Loopback: a cut link must not make the kubelet restart an API server that is well.
        probes: { host: '127.0.0.1', port, liveness: '/livez', readiness: '/readyz', startup: '/livez' },
        requests: { cpu: '250m', memory: '1Gi' },
        addCapabilities: port < FIRST_UNPRIVILEGED_PORT ? ['NET_BIND_SERVICE'] : [],
        terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
        mounts: [
          { name: 'pki', path: API_SERVER_PKI, type: 'Directory', readOnly: true },
          { name: 'config', path: API_SERVER_CONFIG, type: 'Directory', readOnly: true },
          { name: 'audit', path: AUDIT_LOG_DIRECTORY, type: 'Directory', readOnly: false },
        ],
      }),
    ],
  };
}

/** Whom it believes that a kubelet is one; also other API servers. */
function kubeletAuthorities({ pki }: MachineContext): PlannedFile {
  return publicFile(`${API_SERVER_PKI}/ca.crt`, pki.trust.kubernetes);
}

/** Files that the API server reads at its start only. */
function readOnce(context: MachineContext): readonly PlannedFile[] {
  const { cluster, pki } = context;
  return [
    ...(clientsReloadAuthorities(cluster.versions.kubernetes) ? [] : [kubeletAuthorities(context)]),
    publicFile(`${API_SERVER_PKI}/etcd-ca.crt`, pki.trust.etcd),
    publicFile(`${API_SERVER_PKI}/sa.pub`, joinPem(pki.serviceAccount.publicKeysPem)),
    secretFile(`${API_SERVER_PKI}/sa.key`, joinPem([pki.serviceAccount.privateKeyPem])),
    authenticationConfig(),
    auditPolicy(),
    ...admissionFiles(),
  ];
}

function reloaded(context: MachineContext): readonly PlannedFile[] {
  const { cluster, pki } = context;
  return [
    ...(clientsReloadAuthorities(cluster.versions.kubernetes) ? [kubeletAuthorities(context)] : []),
    publicFile(`${API_SERVER_PKI}/client-ca.crt`, clientAuthorities(pki)),
    publicFile(`${API_SERVER_PKI}/front-proxy-ca.crt`, pki.trust['front-proxy']),
    ...leafFiles(context, 'apiserver', API_SERVER_PKI, 'apiserver'),
    ...leafFiles(context, 'apiserver-kubelet-client', API_SERVER_PKI, 'kubelet-client'),
    ...leafFiles(context, 'apiserver-etcd-client', API_SERVER_PKI, 'etcd-client'),
    ...leafFiles(context, 'front-proxy-client', API_SERVER_PKI, 'front-proxy-client'),
    encryptionConfig(pki),
  ];
}
