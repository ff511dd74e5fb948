import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderKubeconfig } from '../../../lib/pki/kubeconfig.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

describe('renderKubeconfig', () => {
  it('names files on a machine, so that clients reload them', () => {
    const text = renderKubeconfig({
      clusterName: 'ha',
      server: 'https://127.0.0.1:7445',
      user: 'system:node:worker-1',
      certificateAuthority: { path: '/etc/kubernetes/pki/ca.crt' },
      credentials: {
        certificatePath: '/var/lib/kubelet/pki/kubelet-client-current.pem',
        keyPath: '/var/lib/kubelet/pki/kubelet-client-current.pem',
      },
    });
    expect(parse(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'ha',
          cluster: { server: 'https://127.0.0.1:7445', 'certificate-authority': '/etc/kubernetes/pki/ca.crt' },
        },
      ],
      users: [
        {
          name: 'system:node:worker-1',
          user: {
            'client-certificate': '/var/lib/kubelet/pki/kubelet-client-current.pem',
            'client-key': '/var/lib/kubelet/pki/kubelet-client-current.pem',
          },
        },
      ],
      contexts: [{ name: 'system:node:worker-1@ha', context: { cluster: 'ha', user: 'system:node:worker-1' } }],
      'current-context': 'system:node:worker-1@ha',
    });
  });

  it('embeds everything for the operator', () => {
    const config = parse(
      renderKubeconfig({
        clusterName: 'ha',
        server: 'https://203.0.113.9:6443',
        user: 'kubernetes-admin',
        certificateAuthority: { pem: PEM + PEM },
        credentials: { certificatePem: PEM, keyPem: 'key\n' },
        tlsServerName: 'kubernetes',
      }),
    );
    const decode = (text: string) => Buffer.from(text, 'base64').toString();
    expect(config.clusters[0].cluster['tls-server-name']).toBe('kubernetes');
    expect(decode(config.clusters[0].cluster['certificate-authority-data'])).toBe(PEM + PEM);
    expect(decode(config.users[0].user['client-certificate-data'])).toBe(PEM);
    expect(decode(config.users[0].user['client-key-data'])).toBe('key\n');
  });
});
