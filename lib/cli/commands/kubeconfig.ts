import { resolve } from 'node:path';
import { issueForCluster } from '../../build/issue-for-cluster.ts';
import { loadCluster } from '../../build/load-cluster.ts';
import { KeelwayError } from '../../errors.ts';
import { type Cluster, machinesOf } from '../../model/cluster.ts';
import { parseDurationMs } from '../../model/quantities.ts';
import { ADMIN_ID, planCertificates, superAdminRequest } from '../../pki/certificates.ts';
import { renderKubeconfig } from '../../pki/kubeconfig.ts';
import type { CertificateRequest, IssuedCertificate, PkiBundle } from '../../pki/pki-bundle.ts';
import { shellArgument } from '../../render/shell-word.ts';
import { withSecretsLock } from '../../secrets/lock-secrets.ts';
import { type CommandInput, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { checkKubeconfigTarget } from '../kubeconfig-target.ts';
import { clusterFile, secretsPlace } from '../places.ts';
import { warnUnignored } from '../warn-unignored.ts';

const DEFAULT_LIFETIME = '1h';
const LONGEST_MS = 24 * 3_600_000;

/** Who a kubeconfig is for. */
interface User {
  readonly name: string;
  readonly request: CertificateRequest;
  readonly server: string;
  /** False: issued for this once, and nobody keeps it. */
  readonly kept: boolean;
}

/** Writes the kubeconfig of the cluster's administrator, whose certificate is kept and reused, or of the superuser. */
export async function kubeconfig(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const file = await clusterFile(input);
  const { cluster } = loadCluster(file);
  const user = input.options['super-admin'] === true ? superAdmin(input, cluster) : admin(input, cluster);
  const place = secretsPlace(input, file);
  const named = textOption(input, 'out');
  const out = named === undefined || named === '-' ? null : named;
  const { text, bundle } = await withSecretsLock(place.path, ports.files, async () => {
    const issued = await issueForCluster(cluster, [user.request], place, ports);
    const rendered = kubeconfigOf(cluster, issued.bundle, user, serverOf(input));
    const path = out === null ? null : resolve(io.cwd, out);
    const trust = issued.bundle.trust.kubernetes;
    const inputs = [file.path, place.path, place.identityFile].filter((each) => each !== null);
    if (path !== null && out !== null) {
      const who = { clusterName: cluster.name, userName: user.name };
      const target = { path, shown: out, ...who, trust, inputs, bundlePath: place.path };
      await checkKubeconfigTarget(target, ports.files);
    }
    if (user.kept) await issued.keep();
    if (path !== null) await ports.files.writeAtomic(path, new TextEncoder().encode(rendered), 0o600);
    return { text: rendered, bundle: issued.bundle };
  });
  if (out === null) io.stdout(text);
  else await warnUnignored([{ path: resolve(io.cwd, out) }], input);
  if (!user.kept) {
    const end = bundle.leaves.get(user.request.id)?.notAfterSeconds ?? 0;
    const until = new Date(end * 1000).toISOString().replace('.000Z', 'Z');
    io.stderr(
      `the superuser (system:masters) until ${until}: no permission can be taken from it; delete it after use\n`,
    );
  }
  if (out !== null) io.stderr(`wrote ${out} (0600). Next: kubectl --kubeconfig ${shellArgument(out)} get nodes\n`);
  return EXIT.ok;
}

function admin(input: CommandInput, cluster: Cluster): User {
  if (textOption(input, 'lifetime') !== undefined) {
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: '--lifetime is for the superuser; the operator lives for spec.pki.leafLifetime',
      hint: 'add --super-admin, or leave --lifetime out',
    });
  }
  const { host, port } = cluster.controlPlane.endpoint;
  const request = planCertificates(cluster).find(({ id }) => id === ADMIN_ID) as CertificateRequest;
  return { name: 'admin', request, server: `https://${host}:${port}`, kept: true };
}

/** By a machine's own address: in profile arp the virtual IP is there only when the first permissions are. */
function superAdmin(input: CommandInput, cluster: Cluster): User {
  const text = textOption(input, 'lifetime') ?? DEFAULT_LIFETIME;
  const lifetimeMs = parseDurationMs(text);
  if (lifetimeMs === null || lifetimeMs < 1000 || lifetimeMs > LONGEST_MS) {
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: `--lifetime ${text} is no time for which a superuser may live`,
      hint: 'write 15m, 1h, at most 24h',
    });
  }
  const address = machinesOf(cluster, 'control-plane')[0]?.address;
  return {
    name: 'super-admin',
    request: superAdminRequest(Math.floor(lifetimeMs / 1000)),
    server: `https://${address}:${cluster.controlPlane.port}`,
    kept: false,
  };
}

function kubeconfigOf(cluster: Cluster, pki: PkiBundle, user: User, server: URL | null): string {
  const { host } = cluster.controlPlane.endpoint;
  const { certificatePem, keyPem } = pki.leaves.get(user.request.id) as IssuedCertificate;
  return renderKubeconfig({
    clusterName: cluster.name,
    server: server === null ? user.server : server.origin,
    user: user.name,
    certificateAuthority: { pem: pki.trust.kubernetes },
    credentials: { certificatePem, keyPem },
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
