import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../../lib/model/cluster.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { openAuthority } from '../../lib/pki/authority.ts';
import { planCertificates } from '../../lib/pki/certificates.ts';
import { issueLeaf } from '../../lib/pki/issue-leaf.ts';
import { generateKey, type KeyPair } from '../../lib/pki/keys.ts';
import type { CertificateRequest } from '../../lib/pki/pki-bundle.ts';
import type { SecretsBundle } from '../../lib/secrets/secrets-bundle.ts';
import { findGo } from '../tools/lib/go.ts';
import { environmentOf } from './fixture.ts';
import type { Meter } from './measure.ts';
import { ownCpu, type Series } from './series.ts';

const LEAVES = 2000;

/** One API server certificate: a P-256 key, the certificate, both as PEM; by Keelway and by Go's library. */
export async function certificateSeries(
  scratch: string,
  meter: Meter,
  cluster: Cluster,
  secrets: SecretsBundle,
): Promise<readonly Series[]> {
  const program = join(scratch, 'go-x509');
  const go = await findGo();
  execFileSync(go.program, ['build', '-o', program, '.'], {
    cwd: fileURLToPath(new URL('./go-x509', import.meta.url)),
    env: { ...process.env, ...go.env },
  });
  const issue = issuer(cluster, secrets);
  ownCpu(LEAVES, issue);
  return [
    {
      id: 'certificate',
      command: 'a P-256 key and its certificate, as PEM, by Keelway',
      unit: 'us',
      measure: async () => ownCpu(LEAVES, issue),
    },
    {
      id: 'goCertificate',
      command: `the same by crypto/x509 of ${go.version}`,
      unit: 'us',
      measure: async () => {
        const argv = [program, '-leaves', `${LEAVES}`, '-rounds', '1'] as const;
        const { output } = await meter.run({ argv: [...argv], cwd: scratch, env: environmentOf(scratch) });
        return Number(output) / 1000;
      },
    },
  ];
}

function issuer(cluster: Cluster, secrets: SecretsBundle): () => void {
  const ports = nodePorts();
  const request = planCertificates(cluster).find(({ id }) => id === 'cp-1/apiserver') as CertificateRequest;
  const [authority] = secrets.authorities[request.authority];
  if (authority === undefined) throw new Error('the bundle has no CA');
  const signer = openAuthority(authority, 'bench');
  const times = { nowSeconds: ports.clock.nowSeconds(), backdateSeconds: cluster.pki.backdateSeconds };
  return () => {
    issueLeaf(request, generateKey('ECDSA-P256') as KeyPair, signer, times, ports.random);
  };
}
