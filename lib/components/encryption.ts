import { KeelwayError } from '../errors.ts';
import type { PkiBundle } from '../pki/pki-bundle.ts';
import type { PlannedFile } from '../plan/machine-plan.ts';
import { toYaml } from '../render/yaml.ts';
import { API_SERVER_CONFIG, secretFile } from './control-plane-files.ts';

/**
 * The API server's encryption at rest: Secrets by XSalsa20-Poly1305, the first key writes, every key reads.
 *
 * It is the same on every control-plane machine. `identity` stands last, so that objects written before are still read.
 * The API server follows a changed file by itself.
 *
 * @throws {@link KeelwayError} `PLAN_INVALID` when the bundle has no key: Secrets would be written in clear.
 * @see https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
export function encryptionConfig(pki: PkiBundle): PlannedFile {
  if (pki.encryptionKeys.length === 0) {
    throw new KeelwayError({
      code: 'PLAN_INVALID',
      message: 'the secrets bundle holds no encryption key, so Secrets would be stored in clear',
      hint: 'create the bundle with keelway secrets create',
    });
  }
  const keys = pki.encryptionKeys.map(({ name, secretBase64 }) => ({ name, secret: secretBase64 }));
  return secretFile(
    `${API_SERVER_CONFIG}/encryption.yaml`,
    toYaml({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers: [{ secretbox: { keys } }, { identity: {} }] }],
    }),
  );
}
