import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK_BYTES = 512;
const INDEX_LIMIT_BYTES = 1024 * 1024;
/** The annotation that containerd names an imported image after. */
const NAME = 'io.containerd.image.name';

/**
 * References of the images in an OCI archive, `registry.k8s.io/pause:3.10.2`; reads its index only.
 *
 * @returns Empty for a file that is no such archive, or whose images have no full names.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function archiveReferences(path: string): readonly string[] {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(BLOCK_BYTES);
    let offset = 0;
    while (readSync(file, header, 0, BLOCK_BYTES, offset) === BLOCK_BYTES && header[0] !== 0) {
      const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
      const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
      if (!Number.isSafeInteger(size)) return [];
      offset += BLOCK_BYTES;
      if (name === 'index.json' && size <= INDEX_LIMIT_BYTES) {
        const text = Buffer.alloc(size);
        readSync(file, text, 0, size, offset);
        return namesIn(text.toString('utf8'));
      }
      offset += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    }
    return [];
  } finally {
    closeSync(file);
  }
}

function namesIn(index: string): readonly string[] {
  try {
    const { manifests } = JSON.parse(index) as { manifests: { annotations?: Record<string, string> }[] };
    return manifests.flatMap(({ annotations }) => annotations?.[NAME] ?? []);
  } catch {
    return [];
  }
}
