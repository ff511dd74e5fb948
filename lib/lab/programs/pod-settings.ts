import { parse } from 'yaml';

/** An HTTPS probe of the kubelet. */
export interface PodProbe {
  readonly url: string;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface PodMount {
  readonly path: string;
  readonly readOnly: boolean;
  /** Null: an empty folder. */
  readonly host: { readonly path: string; readonly type: 'Directory' | 'File' } | null;
}

/** What running a static pod of one container takes, out of its manifest. */
export interface PodSettings {
  readonly name: string;
  /** Program of the image: the command's first word, or the image's own name. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: number;
  readonly group: number;
  /** Names without `cap_`, lower case; all others are dropped. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly readOnlyRoot: boolean;
  readonly mounts: readonly PodMount[];
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly startup: PodProbe | null;
  readonly liveness: PodProbe | null;
  readonly readiness: PodProbe | null;
  readonly graceSeconds: number;
}

interface Manifest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly terminationGracePeriodSeconds?: number;
    readonly hostAliases?: PodSettings['hostAliases'];
    readonly containers: readonly Container[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly hostPath?: { readonly path: string; readonly type: 'Directory' | 'File' };
    }[];
  };
}

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly securityContext?: {
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Probe {
  readonly httpGet: { readonly host: string; readonly path: string; readonly port: number | string };
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/**
 * Reads the manifest of a static pod as Keelway renders them: one container on the host's network.
 *
 * @throws RangeError for a manifest without a container.
 */
export function podSettings(manifest: string): PodSettings {
  const { metadata, spec } = parse(manifest) as Manifest;
  const container = spec.containers[0];
  if (container === undefined) throw new RangeError(`the pod ${metadata.name} has no container`);
  const security = container.securityContext ?? {};
  const [program = imageName(container.image), ...words] = container.command ?? [];
  return {
    name: metadata.name,
    program,
    args: [...words, ...(container.args ?? [])],
    environment: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])),
    user: security.runAsUser ?? 0,
    group: security.runAsGroup ?? 0,
    capabilities: (security.capabilities?.add ?? []).map((name) => name.toLowerCase()),
    noNewPrivileges: security.allowPrivilegeEscalation === false,
    readOnlyRoot: security.readOnlyRootFilesystem === true,
    mounts: (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => ({
      path: mountPath,
      readOnly: readOnly === true,
      host: spec.volumes?.find((volume) => volume.name === name)?.hostPath ?? null,
    })),
    hostAliases: spec.hostAliases ?? [],
    startup: probe(container, container.startupProbe),
    liveness: probe(container, container.livenessProbe),
    readiness: probe(container, container.readinessProbe),
    graceSeconds: spec.terminationGracePeriodSeconds ?? 30,
  };
}

/** `kube-vip` of `ghcr.io/kube-vip/kube-vip:v1.2.4@sha256:...`. */
function imageName(reference: string): string {
  return (
    reference
      .replace(/@.*$/, '')
      .replace(/:[^/]*$/, '')
      .split('/')
      .at(-1) ?? reference
  );
}

function probe(container: Container, settings: Probe | undefined): PodProbe | null {
  if (settings === undefined) return null;
  const { host, path, port } = settings.httpGet;
  const number = typeof port === 'number' ? port : container.ports?.find(({ name }) => name === port)?.containerPort;
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold } = settings;
  return {
    url: `https://${host}:${number}${path}`,
    initialDelaySeconds,
    periodSeconds,
    timeoutSeconds,
    failureThreshold,
  };
}
