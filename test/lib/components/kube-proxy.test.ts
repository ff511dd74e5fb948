import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubeProxy } from '../../../lib/components/kube-proxy.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { MachineContext } from '../../../lib/plan/machine-plan.ts';
import { runKubeProxy } from '../../harness/run-kube-proxy.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { issuedPki } from './machine-root.ts';

const cluster = referenceCluster();
let pki: PkiBundle;

beforeAll(async () => {
  pki = await issuedPki(cluster);
});

function contextOf(name: string): MachineContext {
  return { ...testContext(name, cluster), pki };
}

describe('the real kube-proxy', () => {
  it('takes configuration, certificate and kubeconfig, and waits for the API server', async () => {
    const output = await runKubeProxy(contextOf('worker-1'));
    expect(output).toContain('Waiting for caches to sync');
    expect(output).toContain('https://127.0.0.1:7445');
    expect(output).not.toContain('strict decoding');
    expect(output).toContain('rc 124');
  });

  it('would say so if a field were unknown', async () => {
    const output = await runKubeProxy(
      contextOf('cp-1'),
      'echo "unknownField: 1" >>/etc/kubernetes/kube-proxy/config.yaml',
    );
    expect(output).toContain('strict decoding error: unknown field');
  });
});

describe('the configuration', () => {
  it('names mode, node and pod network, and shows metrics to the machine only', () => {
    const file = kubeProxy(contextOf('cp-2')).files?.find(({ path }) => path.endsWith('/config.yaml'));
    expect(parse(file?.contents ?? '')).toMatchObject({
      mode: 'nftables',
      hostnameOverride: 'cp-2',
      clusterCIDR: '10.244.0.0/16',
      metricsBindAddress: '127.0.0.1:10249',
      conntrack: { maxPerCore: 0, min: 0 },
    });
  });

  it('comes with a key that is its own and 0600', () => {
    const key = kubeProxy(contextOf('cp-2')).files?.find(({ path }) => path.endsWith('/client.key'));
    expect(key).toMatchObject({ mode: 0o600, secret: true, contents: pki.leaves.get('cp-2/kube-proxy')?.keyPem });
  });
});
