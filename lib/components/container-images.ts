import { programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { CONTAINERD_SOCKET, CONTAINERD_UNIT } from './containerd.ts';
import { rootDirectory } from './control-plane-files.ts';
import { oneshotScript, productService, scriptFile } from './product-unit.ts';

const SCRIPT = 'images';
const FOLDER = '/var/lib/keelway/images';
export const IMAGES_UNIT = 'keelway-images.service';

/**
 * `keelway-images.service`: loads image archives that were put into /var/lib/keelway/images, or into the node OS, before
 * the kubelet starts, so that a cold start needs no registry.
 *
 * What was loaded is noted beside containerd's store: an archive is loaded again when either is new.
 */
export function containerImages({ machine }: MachineContext): MachinePart {
  return {
    directories: [rootDirectory(FOLDER, 0o755)],
    files: [scriptFile(SCRIPT, imagesScript(programPath(machine.os, 'ctr')))],
    units: [
      productService({
        name: IMAGES_UNIT,
        description: 'Keelway: load container images that came with the machine',
        requires: [CONTAINERD_UNIT],
        before: ['kubelet.service'],
        service: [...oneshotScript(SCRIPT), ['TimeoutStartSec', '15min']],
      }),
    ],
  };
}

function imagesScript(ctr: string): string {
  return `#!/bin/sh
# Keelway: loads container images from archives (docker or OCI layout, plain or gzip) into containerd.
set -eu

notes=/var/lib/containerd/keelway-images
failed=0
mkdir -p "$notes"
for archive in ${FOLDER}/*.tar ${FOLDER}/*.tar.gz /usr/share/keelway/images/*.tar; do
  [ -f "$archive" ] || continue
  note=$notes/\${archive##*/}
  state=$(stat -c '%s %Y' "$archive")
  if [ -f "$note" ] && [ "$(cat "$note")" = "$state" ]; then continue; fi
  if ${ctr} --address ${CONTAINERD_SOCKET} --namespace k8s.io images import "$archive"; then
    printf '%s\\n' "$state" >"$note"
  else
    echo "keelway-images: WARNING: $archive cannot be loaded; its images will be pulled" >&2
    failed=1
  fi
done
exit "$failed"
`;
}
