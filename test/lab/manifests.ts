import type { Cluster } from '../../lib/model/cluster.ts';
import { toYaml, type YamlValue } from '../../lib/render/yaml.ts';
import { TEST_IMAGES } from '../tools/lab-programs.ts';

export const ECHO_NODE_PORT = 30_080;

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 65_534,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** One echo server on each worker, as `echo` by its Service and on a node port. */
export function echoManifest(replicas: number): string {
  return stream([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'echo', namespace: 'default' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'echo' } },
        template: {
          metadata: { labels: { app: 'echo' } },
          spec: {
            topologySpreadConstraints: [spread('echo')],
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: 'echo',
                image: TEST_IMAGES.echo,
                ports: [{ containerPort: 8080 }],
                readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 2 },
                securityContext: RESTRICTED,
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'echo', namespace: 'default' },
      spec: {
        type: 'NodePort',
        selector: { app: 'echo' },
        ports: [{ port: 80, targetPort: 8080, nodePort: ECHO_NODE_PORT }],
      },
    },
  ]);
}

/** CoreDNS at the cluster's DNS address, as Git will bring it. */
export function dnsManifest({ network }: Cluster): string {
  const metadata = { name: 'coredns', namespace: 'kube-system' };
  const clusterMetadata = { name: 'system:coredns' };
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' };
  return stream([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: clusterMetadata,
      rules: [
        { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: clusterMetadata,
      roleRef: role,
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: {
        Corefile: `.:53 {
  errors
  health :8080
  ready :8181
  kubernetes ${network.domain} in-addr.arpa
  cache 30
}
`,
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'coredns' } },
        template: {
          metadata: { labels: { app: 'coredns' } },
          spec: {
            serviceAccountName: 'coredns',
            dnsPolicy: 'Default',
            topologySpreadConstraints: [spread('coredns')],
            containers: [
              {
                name: 'coredns',
                image: TEST_IMAGES.coredns,
                args: ['-conf', '/etc/coredns/Corefile'],
                readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 2 },
                volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
              },
            ],
            volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: {
        clusterIP: network.dnsServiceAddress,
        selector: { app: 'coredns' },
        ports: ['UDP', 'TCP'].map((protocol) => ({ name: `dns-${protocol.toLowerCase()}`, protocol, port: 53 })),
      },
    },
  ]);
}

function spread(app: string): YamlValue {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    nodeTaintsPolicy: 'Honor',
    labelSelector: { matchLabels: { app } },
  };
}

function stream(objects: readonly YamlValue[]): string {
  return objects.map(toYaml).join('---\n');
}
