import type { PlannedFile } from '../plan/machine-plan.ts';
import { toYaml, type YamlValue } from '../render/yaml.ts';
import { API_SERVER_CONFIG, configFile } from './control-plane-files.ts';

/** Only root enters it; the API server rotates and compresses the log itself. */
export const AUDIT_LOG_DIRECTORY = '/var/log/kubernetes/audit';

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/**
 * The API server's audit policy: the first rule that fits decides.
 *
 * Bodies of Secrets, ConfigMaps and tokens are never written; who changed permissions, certificates or entered a
 * container is written whole; machine noise is left out.
 *
 * @see https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
export function auditPolicy(): PlannedFile {
  return configFile(
    `${API_SERVER_CONFIG}/audit-policy.yaml`,
    toYaml({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
      rules: [...noise(), ...confidential(), ...security(), { level: 'Request', verbs: WRITES }, { level: 'Metadata' }],
    }),
  );
}

function noise(): YamlValue[] {
  return [
    {
      level: 'None',
      users: ['system:kube-proxy'],
      verbs: ['list', 'watch'],
      resources: [resources('', ['endpoints', 'services', 'nodes']), resources('discovery.k8s.io', ['endpointslices'])],
    },
    {
      level: 'None',
      userGroups: ['system:nodes'],
      verbs: ['get', 'patch'],
      resources: [resources('', ['nodes', 'nodes/status'])],
    },
    { level: 'None', resources: [resources('coordination.k8s.io', ['leases'])] },
    { level: 'None', resources: [resources('', ['events']), resources('events.k8s.io', ['events'])] },
    { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version', '/metrics'] },
  ];
}

function confidential(): YamlValue[] {
  return [
    {
      level: 'Metadata',
      resources: [
        resources('', ['secrets', 'configmaps', 'serviceaccounts/token']),
        resources('authentication.k8s.io', ['tokenreviews']),
      ],
    },
  ];
}

function security(): YamlValue[] {
  const connections = ['exec', 'attach', 'portforward', 'proxy'].map((name) => `pods/${name}`);
  return [
    { level: 'RequestResponse', verbs: WRITES, resources: [resources('rbac.authorization.k8s.io')] },
    {
      level: 'RequestResponse',
      verbs: WRITES,
      resources: [resources('certificates.k8s.io', ['certificatesigningrequests', 'certificatesigningrequests/*'])],
    },
    { level: 'RequestResponse', resources: [resources('', [...connections, 'services/proxy', 'nodes/proxy'])] },
  ];
}

function resources(group: string, names?: readonly string[]): YamlValue {
  return { group, resources: names };
}
