import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** One file of the image's only layer. Large contents stay on disk: they are streamed, never held. */
export type OciLayerEntry =
  | { readonly path: string; readonly type: 'directory'; readonly mode: number }
  | { readonly path: string; readonly type: 'symlink'; readonly target: string }
  | { readonly path: string; readonly type: 'file'; readonly mode: number; readonly contents: Uint8Array }
  /** `sizeBytes` must be the file's size now: the layer is read twice. */
  | {
      readonly path: string;
      readonly type: 'file';
      readonly mode: number;
      readonly source: string;
      readonly sizeBytes: number;
    };

export interface OciImage {
  /** Full reference without a digest, `registry.k8s.io/pause:3.10.2`; containerd imports under this name. */
  readonly reference: string;
  readonly architecture: 'amd64' | 'arm64';
  /** Parents before children. Owned by root, dated by `createdSeconds`. */
  readonly entries: readonly OciLayerEntry[];
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `65535:65535`; root when absent. */
  readonly user?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface OciArchive {
  /** `sha256:<hex>` of the image manifest, the first one's: what a reference by digest names. */
  readonly digest: string;
  /** Of every image, in their order. */
  readonly digests: readonly string[];
}

interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
  open(): NodeJS.ReadableStream;
}

/**
 * Writes images as an OCI image layout in a tar archive, which `ctr images import`, skopeo and crane read. A layer that
 * several of them have is written once.
 *
 * Deterministic: the same entries and `createdSeconds` give the same bytes. The file appears whole or not at all.
 *
 * @param path - File to write; replaced when it exists.
 * @param images - One, or several.
 * @param createdSeconds - Unix time for every entry and the images' creation.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function writeOciArchive(
  path: string,
  images: OciImage | readonly OciImage[],
  options: { readonly createdSeconds: number; readonly signal?: AbortSignal },
): Promise<OciArchive> {
  const blobs = new Map<string, Blob>();
  const manifests: { readonly image: OciImage; readonly blob: Blob }[] = [];
  for (const image of 'reference' in images ? [images] : images) {
    const parts = await imageBlobs(image, options.createdSeconds);
    for (const blob of parts) blobs.set(blob.digest, blob);
    manifests.push({ image, blob: parts[1] });
  }
  const index = jsonBlob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: manifests.map(({ image, blob }) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: blob.digest,
      size: blob.sizeBytes,
      platform: { os: 'linux', architecture: image.architecture },
      annotations: {
        // containerd names the imported image after the first, other tools after the second.
        'io.containerd.image.name': image.reference,
        'org.opencontainers.image.ref.name': image.reference.slice(image.reference.lastIndexOf(':') + 1),
      },
    })),
  });
  const temporary = `${path}.${process.pid}.tmp`;
  const archive = pack();
  const written = pipeline(archive, createWriteStream(temporary), options.signal ? { signal: options.signal } : {});
  try {
    await Promise.all([writeLayout(archive, [...blobs.values()], index, options.createdSeconds), written]);
    await rename(temporary, path);
  } catch (error) {
    archive.destroy();
    await written.catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
  const digests = manifests.map(({ blob }) => blob.digest);
  return { digest: digests[0] ?? '', digests };
}

async function imageBlobs(
  image: OciImage,
  createdSeconds: number,
): Promise<readonly [config: Blob, manifest: Blob, layer: Blob]> {
  const layer = await measure(() => layerTar(image.entries, createdSeconds));
  const config = jsonBlob(imageConfig(image, layer.digest, createdSeconds));
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.sizeBytes },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer.digest, size: layer.sizeBytes }],
  });
  return [config, manifest, layer];
}

async function writeLayout(archive: Pack, blobs: readonly Blob[], index: Blob, createdSeconds: number): Promise<void> {
  const layout = jsonBlob({ imageLayoutVersion: '1.0.0' });
  for (const name of ['blobs', 'blobs/sha256']) archive.entry(header(name, 'directory', 0o755, createdSeconds));
  for (const blob of blobs) await addBlob(archive, `blobs/sha256/${blob.digest.slice(7)}`, blob, createdSeconds);
  await addBlob(archive, 'oci-layout', layout, createdSeconds);
  await addBlob(archive, 'index.json', index, createdSeconds);
  archive.finalize();
}

async function addBlob(archive: Pack, name: string, blob: Blob, createdSeconds: number): Promise<void> {
  const entry = archive.entry({ ...header(name, 'file', 0o644, createdSeconds), size: blob.sizeBytes });
  await pipeline(blob.open(), entry);
}

function layerTar(entries: readonly OciLayerEntry[], createdSeconds: number): Readable {
  const tar = pack();
  const fill = async (): Promise<void> => {
    for (const entry of entries) {
      if (entry.type === 'directory') tar.entry(header(entry.path, 'directory', entry.mode, createdSeconds));
      else if (entry.type === 'symlink')
        tar.entry({ ...header(entry.path, 'symlink', 0o777, createdSeconds), linkname: entry.target });
      else if ('contents' in entry)
        tar.entry(header(entry.path, 'file', entry.mode, createdSeconds), Buffer.from(entry.contents));
      else {
        const target = tar.entry({ ...header(entry.path, 'file', entry.mode, createdSeconds), size: entry.sizeBytes });
        await pipeline(createReadStream(entry.source), target);
      }
    }
    tar.finalize();
  };
  fill().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  return Readable.from(tar);
}

function header(
  name: string,
  type: 'file' | 'directory' | 'symlink',
  mode: number,
  createdSeconds: number,
): { name: string; type: typeof type; mode: number; mtime: Date; uid: number; gid: number } {
  return { name, type, mode, mtime: new Date(createdSeconds * 1000), uid: 0, gid: 0 };
}

async function measure(open: () => Readable): Promise<Blob> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of open()) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, open };
}

function jsonBlob(value: unknown): Blob {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { digest, sizeBytes: bytes.length, open: () => Readable.from([bytes]) };
}

function imageConfig(image: OciImage, layerDigest: string, createdSeconds: number): unknown {
  return {
    created: new Date(createdSeconds * 1000).toISOString(),
    architecture: image.architecture,
    os: 'linux',
    config: {
      ...(image.user === undefined ? {} : { User: image.user }),
      Env: Object.entries(image.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      Entrypoint: image.entrypoint,
      ...(image.command === undefined ? {} : { Cmd: image.command }),
      ...(image.labels === undefined ? {} : { Labels: image.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created: new Date(createdSeconds * 1000).toISOString(), created_by: 'keelway' }],
  };
}
