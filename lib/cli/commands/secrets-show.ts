import { loadCluster } from '../../build/load-cluster.ts';
import { loadSecrets } from '../../secrets/bundle.ts';
import { describeSecrets } from '../../secrets/describe-secrets.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile, secretsPlace } from '../places.ts';
import { textTable } from '../text-table.ts';

/** Describes a secrets bundle: names, lifetimes and fingerprints. */
export async function secretsShow(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const file = await clusterFile(input);
  const { cluster } = loadCluster(file);
  const place = secretsPlace(input, file);
  const bundle = await loadSecrets(place.path, cluster.name, ports, { identityFile: place.identityFile });
  const description = describeSecrets(bundle);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(description, null, 2)}\n`);
    return EXIT.ok;
  }
  const { clusterName, clusterId, createdSeconds, encryption } = description;
  const lies = encryption === null ? 'plain text' : encryption.format;
  io.stdout(`${clusterName}  id ${clusterId}  created ${day(createdSeconds)}  ${lies}\n`);
  io.stdout(
    textTable([
      ...description.authorities.map((authority) => [
        `${authority.name} CA`,
        authority.signs ? 'signs' : 'trusted',
        authority.keyAlgorithm,
        `until ${day(authority.notAfterSeconds)}`,
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
    ]),
  );
  return EXIT.ok;
}

function day(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10);
}
