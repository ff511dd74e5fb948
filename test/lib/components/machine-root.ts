import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { nodePorts } from '../../../lib/node-ports.ts';
import { planCertificates } from '../../../lib/pki/certificates.ts';
import { issueCertificates } from '../../../lib/pki/issue-certificates.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { MachinePart } from '../../../lib/plan/machine-plan.ts';
import { unitFiles } from '../../../lib/render/unit-files.ts';
import { createSecrets } from '../../../lib/secrets/bundle.ts';
import { type InRootOptions, type InRootResult, inRoot } from '../../tools/tools.ts';

/** Real certificates for a cluster, valid now. */
export async function issuedPki(cluster: Cluster): Promise<PkiBundle> {
  const ports = nodePorts();
  const secrets = await createSecrets(cluster, ports);
  const options = { clock: ports.clock, random: ports.random, settings: cluster.pki };
  return (await issueCertificates(planCertificates(cluster), secrets, options)).bundle;
}

/** A folder that is gone after `use`. */
export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-machine-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes folders, files, units and drop-ins of the parts below `folder`, with their modes, all for root. */
export function writeTree(folder: string, parts: readonly MachinePart[]): void {
  for (const part of parts) {
    for (const { path, mode } of (part.directories ?? []).toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
      mkdirSync(join(folder, path), { recursive: true });
      chmodSync(join(folder, path), mode);
    }
    for (const { path, contents, mode } of [...(part.files ?? []), ...unitFiles(part.units ?? [])]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), contents);
      chmodSync(join(folder, path), mode);
    }
  }
}

/**
 * Runs a shell script in a throw-away Debian trixie on which the parts were installed.
 *
 * @param files - Further files by absolute path.
 */
export async function onMachine(
  parts: readonly MachinePart[],
  script: string,
  options: InRootOptions & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<InRootResult> {
  return await withFolder(async (folder) => {
    writeTree(folder, parts);
    for (const [path, contents] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), contents);
    }
    // Not the folder itself: its mode is mkdtemp's.
    const install = 'cd /tree && for entry in *; do [ -e "$entry" ] && cp -a "$entry" / ; done; cd /';
    const { files: _, binds = [], ...rest } = options;
    return await inRoot('sh', ['-c', `${install}\n${script}`], {
      ...rest,
      binds: [{ from: folder, to: '/tree', readOnly: true }, ...binds],
    });
  });
}
