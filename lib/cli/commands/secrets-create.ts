import type { SecretsPlace } from '../../build/issue-for-cluster.ts';
import { loadCluster } from '../../build/load-cluster.ts';
import { KeelwayError } from '../../errors.ts';
import { createSecrets, saveSecrets } from '../../secrets/bundle.ts';
import { describeSecrets } from '../../secrets/describe-secrets.ts';
import type { BundleEncryption } from '../../secrets/secrets-bundle.ts';
import { warnIfUnignored } from '../../secrets/warn-if-unignored.ts';
import { type CommandInput, isJson, textOption } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile, clusterWords, secretsPlace } from '../places.ts';
import { showWarnings } from '../show-warnings.ts';

/** Makes the identity of a cluster, once. Prints where it is and what to do with it, never what is in it. */
export async function secretsCreate(input: CommandInput): Promise<number> {
  const { io, ports } = input;
  const file = await clusterFile(input);
  const { cluster, warnings } = loadCluster(file);
  const place = secretsPlace(input, file);
  const bundle = await createSecrets(cluster, ports, { encryption: encryptionOf(input) });
  await saveSecrets(bundle, place.path, ports);

  if (isJson(input)) io.stdout(`${JSON.stringify({ path: place.path, ...describeSecrets(bundle) }, null, 2)}\n`);
  showWarnings(warnings, io);
  if (bundle.encryption === null) {
    const exposure = await warnIfUnignored(place.path, ports.exec);
    showWarnings(exposure.warnings, io);
    if (exposure.note !== null) io.stderr(`note: ${exposure.note}\n`);
  }
  const how = bundle.encryption === null ? 'in plain text' : `encrypted with ${bundle.encryption.format}`;
  io.stderr(
    `wrote ${place.shown} (0600, ${how}): the identity of the cluster ${cluster.name}.\n` +
      'Keep it safe and back it up: who has it owns the cluster, and without it no machine can be rendered again.\n' +
      `Next: keelway build ${clusterWords(input, file)}${identityWords(bundle.encryption, place)}\n`,
  );
  return EXIT.ok;
}

/** What an encrypted bundle is opened with: sops may have keys of its own, and the environment may name the file. */
function identityWords(encryption: BundleEncryption | null, { identityFile }: SecretsPlace): string {
  const isNeeded = encryption !== null && encryption.recipients.length > 0 && identityFile === null;
  return isNeeded ? ' --identity FILE' : '';
}

/** Whoever names a way of encrypting must never get plain text: `"$A,$B"` is a comma when both are unset. */
function encryptionOf(input: CommandInput): BundleEncryption | null {
  const named = textOption(input, 'recipient');
  const format = textOption(input, 'format');
  if (named === undefined && format === undefined) return null;
  const recipients = (named ?? '').split(',').map((recipient) => recipient.trim());
  // sops may take its recipients from .sops.yaml; nobody else has any.
  if (named === undefined && format === 'sops') return { format, recipients: [] };
  if (recipients.includes('')) {
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: named === undefined ? '--format age needs a recipient' : '--recipient names an empty recipient',
      hint: 'give --recipient age1...; with several, check that no variable in it is empty',
    });
  }
  return { format: format === 'sops' ? 'sops' : 'age', recipients };
}
