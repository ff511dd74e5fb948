import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OciImage, writeOciArchive } from '../../../images/oci/write-oci-archive.ts';
import { archiveReferences } from '../../../lib/lab/archive-references.ts';
import { inRoot, toolPath } from '../../tools/tools.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keelway-oci-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function pauseImage(): Promise<OciImage> {
  const pause = toolPath('pause');
  return {
    reference: 'registry.k8s.io/pause:3.10.2',
    architecture: 'amd64',
    entries: [
      { path: 'etc', type: 'directory', mode: 0o755 },
      { path: 'etc/greeting', type: 'file', mode: 0o640, contents: new TextEncoder().encode('hello\n') },
      { path: 'pause', type: 'file', mode: 0o755, source: pause, sizeBytes: (await stat(pause)).size },
      { path: 'link', type: 'symlink', target: 'etc/greeting' },
    ],
    entrypoint: ['/pause'],
    user: '65535:65535',
  };
}

describe('writeOciArchive', () => {
  it('gives the same bytes for the same image', async () => {
    const image = await pauseImage();
    const first = await writeOciArchive(join(folder, 'a.tar'), image, { createdSeconds: 1_700_000_000 });
    const second = await writeOciArchive(join(folder, 'b.tar'), image, { createdSeconds: 1_700_000_000 });
    expect(second).toEqual(first);
    const digest = async (name: string): Promise<string> =>
      createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex');
    expect(await digest('b.tar')).toBe(await digest('a.tar'));
  });

  it('writes a layer that several images have once', async () => {
    const image = await pauseImage();
    const options = { createdSeconds: 1_700_000_000 };
    const other = { ...image, reference: 'keelway.test/other:1', entrypoint: ['/pause', '-v'] };
    const alone = await writeOciArchive(join(folder, 'alone.tar'), image, options);
    const both = await writeOciArchive(join(folder, 'both.tar'), [image, other], options);
    expect(both.digests).toHaveLength(2);
    expect(new Set(both.digests).size).toBe(2);
    expect(both.digest).toBe(alone.digest);
    const size = async (name: string) => (await stat(join(folder, name))).size;
    expect((await size('both.tar')) - (await size('alone.tar'))).toBeLessThan(10_000);
    expect(archiveReferences(join(folder, 'both.tar'))).toEqual([image.reference, other.reference]);
  });

  it('is imported by the real containerd under its reference and digest, and its files come out as given', async () => {
    const { digest } = await writeOciArchive(join(folder, 'pause.tar'), await pauseImage(), {
      createdSeconds: 1_700_000_000,
    });
    // containerd keeps its overlay state on a tmpfs of its own: overlay upon overlay does not mount.
    const script = `set -eu
mkdir -p /tmp/c && mount -t tmpfs none /tmp/c && cd /tmp/c
printf 'version = 3\\nroot = "/tmp/c/root"\\nstate = "/tmp/c/state"\\n[grpc]\\naddress = "/tmp/c/s.sock"\\n' > config.toml
containerd -c config.toml >log 2>&1 &
for i in $(seq 100); do ctr -a /tmp/c/s.sock version >/dev/null 2>&1 && break; sleep 0.1; done
ctr -a /tmp/c/s.sock -n k8s.io images import "$1"
ctr -a /tmp/c/s.sock -n k8s.io images ls
mkdir rootfs
ctr -a /tmp/c/s.sock -n k8s.io images mount registry.k8s.io/pause:3.10.2 rootfs >/dev/null
stat -c '%n %a %u:%g %s %Y' rootfs/etc/greeting rootfs/pause
readlink rootfs/link
`;
    const result = await inRoot('sh', ['-c', script, 'sh', join(folder, 'pause.tar')], {
      binds: [folder],
    });
    expect(result.stderr + result.stdout).toContain(digest);
    expect(result.stdout).toMatch(/^registry\.k8s\.io\/pause:3\.10\.2\s+application\/vnd\.oci\.image\.manifest/m);
    expect(result.stdout).toContain('rootfs/etc/greeting 640 0:0 6 1700000000');
    expect(result.stdout).toContain(`rootfs/pause 755 0:0 ${(await stat(toolPath('pause'))).size} 1700000000`);
    expect(result.stdout).toContain('etc/greeting\n');
  });

  it('leaves no half-written archive when a source cannot be read', async () => {
    const image = await pauseImage();
    const broken: OciImage = {
      ...image,
      entries: [{ path: 'x', type: 'file', mode: 0o755, source: join(folder, 'absent'), sizeBytes: 4 }],
    };
    await expect(writeOciArchive(join(folder, 'c.tar'), broken, { createdSeconds: 0 })).rejects.toThrow(/absent/);
    await expect(stat(join(folder, 'c.tar'))).rejects.toThrow(/ENOENT/);
  });
});
