import { clientsReloadAuthorities } from '../model/quirks.ts';
import { renderKubeconfig } from '../pki/kubeconfig.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import {
  configFile,
  leafFiles,
  localApiServer,
  publicFile,
  rootDirectory,
  SCHEDULER_PKI,
} from './control-plane-files.ts';
import { imageReference } from './image-reference.ts';
import { restartAnnotation, STATIC_POD_DIRECTORY, staticPodFile } from './static-pod.ts';

const NAME = 'kube-scheduler';
const KUBECONFIG = '/etc/kubernetes/scheduler.conf';
const PORT = 10_259;

/** The scheduler of a control-plane machine: static pod, kubeconfig and PKI folder. */
export function kubeScheduler(context: MachineContext): MachinePart {
  const { cluster, inputs, pki } = context;
  const authorities = publicFile(`${SCHEDULER_PKI}/ca.crt`, pki.trust.kubernetes);
  const kubeconfig = configFile(
    KUBECONFIG,
    renderKubeconfig({
      clusterName: cluster.name,
      server: localApiServer(context),
      user: `system:${NAME}`,
      certificateAuthority: { path: authorities.path },
      credentials: { certificatePath: `${SCHEDULER_PKI}/client.crt`, keyPath: `${SCHEDULER_PKI}/client.key` },
    }),
  );
  const once = clientsReloadAuthorities(cluster.versions.kubernetes) ? [kubeconfig] : [kubeconfig, authorities];
  return {
    directories: [rootDirectory(STATIC_POD_DIRECTORY, 0o700), rootDirectory(SCHEDULER_PKI, 0o700)],
    files: [
      kubeconfig,
      authorities,
      ...leafFiles(context, 'scheduler', SCHEDULER_PKI, 'client'),
      staticPodFile({
        name: NAME,
        image: imageReference(cluster, inputs, NAME),
        command: [NAME, ...kubeSchedulerFlags()],
        annotations: restartAnnotation(once),
        probes: { host: '127.0.0.1', port: PORT, liveness: '/livez', readiness: '/readyz', startup: '/livez' },
        requests: { cpu: '100m', memory: '128Mi' },
        mounts: [
          { name: 'pki', path: SCHEDULER_PKI, type: 'Directory', readOnly: true },
          { name: 'kubeconfig', path: KUBECONFIG, type: 'File', readOnly: true },
        ],
      }),
    ],
  };
}

/**
 * The scheduler's command line, without the program's name.
 *
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/
 */
export function kubeSchedulerFlags(): readonly string[] {
  return [
    `--kubeconfig=${KUBECONFIG}`,
    `--authentication-kubeconfig=${KUBECONFIG}`,
    `--authorization-kubeconfig=${KUBECONFIG}`,
    '--bind-address=127.0.0.1',
    '--tls-min-version=VersionTLS13',
    '--leader-elect=true',
    '--profiling=false',
  ];
}
