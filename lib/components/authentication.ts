import type { PlannedFile } from '../plan/machine-plan.ts';
import { toYaml } from '../render/yaml.ts';
import { API_SERVER_CONFIG, configFile } from './control-plane-files.ts';

/** Paths that need no credential: the kubelet's probes, kube-vip's and the balancers' health checks send none. */
export const ANONYMOUS_PATHS: readonly string[] = ['/livez', '/readyz', '/healthz'];

/**
 * The API server's authentication configuration: anonymous requests for the health paths only.
 *
 * Paths match exactly (`/livez/ping` is not covered; a query is ignored). It takes the place of `--anonymous-auth`.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration
 */
export function authenticationConfig(): PlannedFile {
  return configFile(
    `${API_SERVER_CONFIG}/authentication.yaml`,
    toYaml({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [],
      anonymous: { enabled: true, conditions: ANONYMOUS_PATHS.map((path) => ({ path })) },
    }),
  );
}
