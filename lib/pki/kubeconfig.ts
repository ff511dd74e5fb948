import { toYaml } from '../render/yaml.ts';

export interface KubeconfigOptions {
  readonly clusterName: string;
  /** `https://10.0.0.100:6443`. */
  readonly server: string;
  readonly user: string;
  /** On machines by path: clients reload a CA and a certificate that are files, embedded ones never. */
  readonly certificateAuthority: { readonly path: string } | { readonly pem: string };
  readonly credentials:
    | { readonly certificatePath: string; readonly keyPath: string }
    | { readonly certificatePem: string; readonly keyPem: string };
  /** Name to verify in the server's certificate in place of the server's host. */
  readonly tlsServerName?: string;
}

/**
 * Writes a kubeconfig with one cluster, one user and one context. Pure.
 *
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
export function renderKubeconfig(options: KubeconfigOptions): string {
  const { clusterName, server, user, certificateAuthority, credentials, tlsServerName } = options;
  const context = `${user}@${clusterName}`;
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: clusterName,
        cluster: {
          server,
          'tls-server-name': tlsServerName,
          ...('path' in certificateAuthority
            ? { 'certificate-authority': certificateAuthority.path }
            : { 'certificate-authority-data': btoa(certificateAuthority.pem) }),
        },
      },
    ],
    users: [
      {
        name: user,
        user:
          'certificatePath' in credentials
            ? { 'client-certificate': credentials.certificatePath, 'client-key': credentials.keyPath }
            : {
                'client-certificate-data': btoa(credentials.certificatePem),
                'client-key-data': btoa(credentials.keyPem),
              },
      },
    ],
    contexts: [{ name: context, context: { cluster: clusterName, user } }],
    'current-context': context,
  });
}
