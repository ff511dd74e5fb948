import type { PlannedFile } from '../plan/machine-plan.ts';
import { toYaml, type YamlValue } from '../render/yaml.ts';
import { API_SERVER_CONFIG, configFile } from './control-plane-files.ts';

/** Plugins on top of the API server's own default set. */
export const ADMISSION_PLUGINS: readonly string[] = ['NodeRestriction', 'DenyServiceExternalIPs', 'EventRateLimit'];

/** Namespaces whose pods need the host: static pods, the pod network, the Git reconciler. */
export const POD_SECURITY_EXEMPT_NAMESPACES: readonly string[] = [
  'kube-system',
  'calico-system',
  'tigera-operator',
  'flux-system',
];

const ADMISSION = `${API_SERVER_CONFIG}/admission.yaml`;
const POD_SECURITY = `${API_SERVER_CONFIG}/podsecurity.yaml`;
const EVENT_RATE_LIMIT = `${API_SERVER_CONFIG}/event-rate-limit.yaml`;

/**
 * The API server's admission configuration: the file that its flag names, then the plugins' own.
 *
 * All are read once, at the start.
 *
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-admission-controller/
 */
export function admissionFiles(): readonly PlannedFile[] {
  return [
    configFile(ADMISSION, toYaml(admissionConfiguration())),
    configFile(POD_SECURITY, toYaml(podSecurity())),
    configFile(EVENT_RATE_LIMIT, toYaml(eventRateLimit())),
  ];
}

function admissionConfiguration(): YamlValue {
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      { name: 'PodSecurity', path: POD_SECURITY },
      { name: 'EventRateLimit', path: EVENT_RATE_LIMIT },
    ],
  };
}

/** Baseline is enforced, what restricted would refuse is told; a namespace's own labels win. */
function podSecurity(): YamlValue {
  return {
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
    defaults: {
      enforce: 'baseline',
      'enforce-version': 'latest',
      audit: 'restricted',
      'audit-version': 'latest',
      warn: 'restricted',
      'warn-version': 'latest',
    },
    exemptions: { usernames: [], runtimeClasses: [], namespaces: POD_SECURITY_EXEMPT_NAMESPACES },
  };
}

/** Far above what a healthy cluster of this kind sends; it stops one broken client from filling etcd with events. */
function eventRateLimit(): YamlValue {
  return {
    apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
    kind: 'Configuration',
    limits: [
      { type: 'Server', qps: 1000, burst: 10_000 },
      { type: 'Namespace', qps: 200, burst: 2000, cacheSize: 2000 },
      { type: 'User', qps: 200, burst: 2000, cacheSize: 2000 },
    ],
  };
}
