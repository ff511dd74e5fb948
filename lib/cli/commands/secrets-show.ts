import { loadCluster } from '../../build/load-cluster.ts';
import { planCertificates } from '../../pki/certificates.ts';
import type { KeptLeaf } from '../../pki/kept-leaf.ts';
import { loadLeaves } from '../../pki/leaf-store.ts';
import { loadSecrets } from '../../secrets/bundle.ts';
import { describeSecrets } from '../../secrets/describe-secrets.ts';
import { firstEnd, isoDay } from '../certificate-ends.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile, secretsPlace } from '../places.ts';
import { textTable } from '../text-table.ts';

/** Describes a secrets bundle and the certificates kept beside it: names, lifetimes and fingerprints. */
export async function secretsShow(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const file = await clusterFile(input);
  const { cluster } = loadCluster(file);
  const place = secretsPlace(input, file);
  const bundle = await loadSecrets(place.path, cluster.name, ports, { identityFile: place.identityFile });
  const description = describeSecrets(bundle);
  const options = { identityFile: place.identityFile };
  const { leaves } = await loadLeaves(place.path, planCertificates(cluster), bundle, ports, options);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify({ ...description, certificates: [...leaves.values()].map(describeLeaf) }, null, 2)}\n`);
    return EXIT.ok;
  }
  const { clusterName, clusterId, createdSeconds, encryption } = description;
  const lies = encryption === null ? 'plain text' : encryption.format;
  io.stdout(`${clusterName}  id ${clusterId}  created ${isoDay(createdSeconds)}  ${lies}\n`);
  io.stdout(
    textTable([
      ...description.authorities.map((authority) => [
        `${authority.name} CA`,
        authority.signs ? 'signs' : 'trusted',
        authority.keyAlgorithm,
        `until ${isoDay(authority.notAfterSeconds)}`,
        `sha256 ${authority.fingerprint}`,
      ]),
      ...description.serviceAccountKeys.map((key) => [
        'service-account key',
        key.signs ? 'signs' : 'trusted',
        key.keyAlgorithm,
        '',
        `sha256 ${key.fingerprint}`,
      ]),
      ...description.encryptionKeys.map((key) => [
        `encryption key ${key.name}`,
        key.writes ? 'writes' : 'reads',
        'secretbox',
      ]),
      ...certificateRows(leaves.values()),
    ]),
  );
  return EXIT.ok;
}

/** One row a machine: each has a dozen, most of which end together. */
function certificateRows(leaves: Iterable<KeptLeaf>): string[][] {
  const byMachine = Map.groupBy(leaves, ({ request }) => request.machine ?? 'operator');
  return [...byMachine].map(([machine, own]) => {
    const first = firstEnd(own);
    return [
      `${machine} certificates`,
      String(own.length),
      own[0]?.keyAlgorithm ?? '',
      `until ${isoDay(first?.notAfterSeconds ?? 0)}`,
      `first ${first?.id.slice(first.id.indexOf('/') + 1)}`,
    ];
  });
}

function describeLeaf({ request, keyAlgorithm, certificate }: KeptLeaf): object {
  const { id, notBeforeSeconds, notAfterSeconds, fingerprint } = certificate;
  return { id, authority: request.authority, keyAlgorithm, notBeforeSeconds, notAfterSeconds, fingerprint };
}
