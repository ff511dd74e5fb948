import { resolve } from 'node:path';
import { issueForCluster } from '../../build/issue-for-cluster.ts';
import { loadCluster } from '../../build/load-cluster.ts';
import { KeelwayError } from '../../errors.ts';
import type { Cluster } from '../../model/cluster.ts';
import { planCertificates } from '../../pki/certificates.ts';
import { renderKubeconfig } from '../../pki/kubeconfig.ts';
import type { IssuedCertificate, PkiBundle } from '../../pki/pki-bundle.ts';
import { type CommandInput, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile, secretsPlace } from '../places.ts';

const ADMIN = 'operator/admin';

/** Writes the kubeconfig of the cluster's administrator; its certificate is kept and reused like every other. */
export async function kubeconfig(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const file = await clusterFile(input);
  const { cluster } = loadCluster(file);
  const requests = planCertificates(cluster).filter((request) => request.id === ADMIN);
  const issued = await issueForCluster(cluster, requests, secretsPlace(input, file), ports);
  const text = kubeconfigOf(cluster, issued.bundle, serverOf(input));
  await issued.keep();

  const out = textOption(input, 'out');
  if (out === undefined) {
    io.stdout(text);
    return EXIT.ok;
  }
  await ports.files.writeAtomic(resolve(io.cwd, out), new TextEncoder().encode(text), 0o600);
  io.stderr(`wrote ${out} (0600). Next: kubectl --kubeconfig ${out} get nodes\n`);
  return EXIT.ok;
}

function kubeconfigOf(cluster: Cluster, pki: PkiBundle, server: URL | null): string {
  const { host, port } = cluster.controlPlane.endpoint;
  const admin = pki.leaves.get(ADMIN) as IssuedCertificate;
  return renderKubeconfig({
    clusterName: cluster.name,
    server: server === null ? `https://${host}:${port}` : server.origin,
    user: 'admin',
    certificateAuthority: { pem: pki.trust.kubernetes },
    credentials: { certificatePem: admin.certificatePem, keyPem: admin.keyPem },
    // A tunnel or port forward has an address that no certificate names.
    ...(server === null || server.hostname === host ? {} : { tlsServerName: host }),
  });
}

function serverOf(input: CommandInput): URL | null {
  const text = textOption(input, 'server');
  if (text === undefined) return null;
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.pathname !== '/') {
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: `--server ${text} is not the URL of an API server`,
      hint: 'write https://host:port',
    });
  }
  return url;
}
