import type { PlannedFile } from '../plan/machine-plan.ts';
import { sha256Hex } from '../render/sha256.ts';
import { toYaml, type YamlValue } from '../render/yaml.ts';

/** Folder the kubelet of a control-plane machine reads its static pods from. */
export const STATIC_POD_DIRECTORY = '/etc/kubernetes/manifests';

/** A part of the machine that the pod sees at the same path. The kubelet refuses the pod when it is missing. */
export interface HostMount {
  /** Volume name, a DNS label. */
  readonly name: string;
  readonly path: string;
  /** `Directory` follows files that are replaced; `File` stays with the file that was there at the start. */
  readonly type: 'Directory' | 'File';
  readonly readOnly: boolean;
}

/** A folder that starts empty and lives as long as the pod, for a program that must write somewhere. */
export interface EmptyDirectory {
  readonly name: string;
  readonly path: string;
}

/** HTTPS probes against a port of the host; paths by probe. */
export interface StaticPodProbes {
  readonly host: string;
  readonly port: number;
  readonly liveness: string;
  readonly readiness?: string;
  readonly startup: string;
}

/** What differs between the static pods; everything else is the common shape. */
export interface StaticPod {
  /** Pod, container and file name. */
  readonly name: string;
  readonly image: string;
  /** Program and its arguments; never a secret, for mirror pods show them to everyone who may read pods. */
  readonly command?: readonly string[];
  /** Arguments for the image's own program. */
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly probes?: StaticPodProbes;
  /** Kubernetes quantities. No CPU limit is ever set: a throttled control plane is a failing one. */
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly memoryLimit?: string;
  /** All others are dropped. */
  readonly addCapabilities?: readonly string[];
  readonly mounts: readonly HostMount[];
  readonly emptyDirectories?: readonly EmptyDirectory[];
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly terminationGracePeriodSeconds?: number;
}

const PROBE_PORT = 'probe-port';

/**
 * The manifest file of a static pod, as kubeadm shapes them and hardened.
 *
 * It refers to no API object (ServiceAccount, ConfigMap, Secret, ...): the kubelet refuses that since 1.34.
 *
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
 */
export function staticPodFile(pod: StaticPod): PlannedFile {
  return {
    path: `${STATIC_POD_DIRECTORY}/${pod.name}.yaml`,
    contents: toYaml(staticPodManifest(pod)),
    mode: 0o600,
    owner: 'root',
    group: 'root',
    secret: false,
  };
}

/** The pod as data; {@link staticPodFile} writes it. */
export function staticPodManifest(pod: StaticPod): YamlValue {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: 'kube-system',
      labels: { component: pod.name, tier: 'control-plane' },
      annotations: pod.annotations,
    },
    spec: {
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      priority: 2_000_001_000,
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
      hostAliases: pod.hostAliases?.map(({ ip, hostnames }) => ({ ip, hostnames })),
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container(pod)],
      volumes: [
        ...pod.mounts.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
        ...(pod.emptyDirectories ?? []).map(({ name }) => ({ name, emptyDir: {} })),
      ],
    },
  };
}

function container(pod: StaticPod): YamlValue {
  const { probes } = pod;
  return {
    name: pod.name,
    image: pod.image,
    imagePullPolicy: 'IfNotPresent',
    command: pod.command,
    args: pod.args,
    env: pod.env?.map(({ name, value }) => ({ name, value })),
    ...(probes && {
      ports: [{ name: PROBE_PORT, containerPort: probes.port, protocol: 'TCP' }],
      startupProbe: probe(probes.host, probes.startup, {
        initialDelaySeconds: 10,
        periodSeconds: 10,
        failureThreshold: 24,
      }),
      livenessProbe: probe(probes.host, probes.liveness, {
        initialDelaySeconds: 10,
        periodSeconds: 10,
        failureThreshold: 8,
      }),
      readinessProbe:
        probes.readiness === undefined
          ? undefined
          : probe(probes.host, probes.readiness, { initialDelaySeconds: 0, periodSeconds: 1, failureThreshold: 3 }),
    }),
    resources: {
      requests: { ...pod.requests },
      limits: pod.memoryLimit === undefined ? undefined : { memory: pod.memoryLimit },
    },
    securityContext: {
      // Said, not left to the image: with no capability only the owner of the 0600 files can read them.
      runAsUser: 0,
      runAsGroup: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { add: pod.addCapabilities?.length ? pod.addCapabilities : undefined, drop: ['ALL'] },
    },
    volumeMounts: [
      ...pod.mounts.map(({ name, path, readOnly }) => ({ name, mountPath: path, readOnly })),
      ...(pod.emptyDirectories ?? []).map(({ name, path }) => ({ name, mountPath: path, readOnly: false })),
    ],
  };
}

interface ProbeTiming {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

function probe(host: string, path: string, timing: ProbeTiming): YamlValue {
  return {
    httpGet: { host, path, port: PROBE_PORT, scheme: 'HTTPS' },
    ...timing,
    timeoutSeconds: 15,
  };
}

/**
 * Annotation with a hash of the files that the program reads only at its start.
 *
 * A changed file changes the manifest, and a changed manifest makes the kubelet recreate the pod.
 */
export function restartAnnotation(files: readonly PlannedFile[]): Readonly<Record<string, string>> {
  const digest = files.map(({ path, contents }) => `${sha256Hex(contents)}  ${path}\n`).sort();
  return { 'keelway.dev/restart-on-change': sha256Hex(digest.join('')).slice(0, 32) };
}
