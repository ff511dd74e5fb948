import { resolve } from 'node:path';
import { issueForCluster } from '../../build/issue-for-cluster.ts';
import { loadCluster } from '../../build/load-cluster.ts';
import { KeelwayError } from '../../errors.ts';
import type { Cluster } from '../../model/cluster.ts';
import { planCertificates } from '../../pki/certificates.ts';
import { renderKubeconfig } from '../../pki/kubeconfig.ts';
import type { IssuedCertificate, PkiBundle } from '../../pki/pki-bundle.ts';
import { withSecretsLock } from '../../secrets/lock-secrets.ts';
import { type CommandInput, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { checkKubeconfigTarget } from '../kubeconfig-target.ts';
import { clusterFile, secretsPlace } from '../places.ts';
import { shellArgument } from '../shell-argument.ts';
import { warnUnignored } from '../warn-unignored.ts';

const ADMIN = 'operator/admin';

/** Writes the kubeconfig of the cluster's administrator; its certificate is kept and reused like every other. */
export async function kubeconfig(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const file = await clusterFile(input);
  const { cluster } = loadCluster(file);
  const place = secretsPlace(input, file);
  const requests = planCertificates(cluster).filter((request) => request.id === ADMIN);
  const named = textOption(input, 'out');
  const out = named === undefined || named === '-' ? null : named;
  const text = await withSecretsLock(place.path, ports.files, async () => {
    const issued = await issueForCluster(cluster, requests, place, ports);
    const rendered = kubeconfigOf(cluster, issued.bundle, serverOf(input));
    const path = out === null ? null : resolve(io.cwd, out);
    const trust = issued.bundle.trust.kubernetes;
    const inputs = [file.path, place.path, place.identityFile].filter((each) => each !== null);
    if (path !== null && out !== null) {
      const target = { path, shown: out, clusterName: cluster.name, trust, inputs, bundlePath: place.path };
      await checkKubeconfigTarget(target, ports.files);
    }
    await issued.keep();
    if (path !== null) await ports.files.writeAtomic(path, new TextEncoder().encode(rendered), 0o600);
    return rendered;
  });
  if (out === null) {
    io.stdout(text);
    return EXIT.ok;
  }
  await warnUnignored([{ path: resolve(io.cwd, out) }], input);
  io.stderr(`wrote ${out} (0600). Next: kubectl --kubeconfig ${shellArgument(out)} get nodes\n`);
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
