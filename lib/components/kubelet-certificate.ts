import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { leafFiles, rootDirectory, secretFile } from './control-plane-files.ts';
import { CLIENT_AUTHORITIES, KUBELET_PKI } from './kubelet-paths.ts';
import { oneshotScript, productService, scriptFile } from './product-unit.ts';

const SCRIPT = 'kubelet-cert';
const SEED = `${KUBELET_PKI}/client-seed.pem`;
export const KUBELET_CERTIFICATE_UNIT = 'keelway-kubelet-cert.service';

/** Where the kubelet keeps, and renews, its client certificate. */
const STORE = '/var/lib/kubelet/pki';
/** A symbolic link, or the kubelet's rotation fails for good. */
export const KUBELET_CLIENT_CERTIFICATE: string = `${STORE}/kubelet-client-current.pem`;

/**
 * The kubelet's client certificate as delivered, and `keelway-kubelet-cert.service`, which puts it where the kubelet
 * rotates it, unless a newer one that the cluster still accepts is there.
 */
export function kubeletCertificate(context: MachineContext): MachinePart {
  const { machine } = context;
  const leaf = leafFiles(context, 'kubelet-client', KUBELET_PKI, 'client');
  return {
    directories: [
      rootDirectory(KUBELET_PKI, 0o755),
      rootDirectory('/var/lib/kubelet', 0o750),
      rootDirectory(STORE, 0o755),
    ],
    files: [
      secretFile(SEED, leaf.map(({ contents }) => contents).join('')),
      scriptFile(SCRIPT, kubeletCertificateScript(machine.name)),
    ],
    units: [
      productService({
        name: KUBELET_CERTIFICATE_UNIT,
        description: 'Keelway: client certificate of the kubelet',
        before: ['kubelet.service'],
        service: oneshotScript(SCRIPT),
      }),
    ],
  };
}

/**
 * For any POSIX sh with GNU coreutils and OpenSSL 3.
 *
 * Kept is a certificate that is reached through the link, is for this node, has its key beside it, verifies now against
 * today's client CAs, and began no earlier than the delivered one. Replacement is by rename.
 */
function kubeletCertificateScript(machine: string): string {
  return `#!/bin/sh
# Keelway: installs the kubelet's client certificate as delivered, unless the kubelet has a newer one that is still good.
set -eu
export LC_ALL=C
umask 077

seed=${SEED}
authorities=${CLIENT_AUTHORITIES}
store=${STORE}
current=${KUBELET_CLIENT_CERTIFICATE}
node=system:node:${machine}

say() {
  echo "keelway-kubelet-cert: $*"
}

names_node() {
  [ "$(openssl x509 -in "$1" -noout -subject -nameopt multiline | sed -n 's/^ *commonName *= //p')" = "$node" ]
}

has_its_key() {
  public=$(openssl x509 -in "$1" -noout -pubkey) && [ "$(openssl pkey -in "$1" -pubout)" = "$public" ]
}

verifies() {
  openssl verify -purpose sslclient -no-CApath -no-CAstore -CAfile "$authorities" "$1"
}

begins() {
  date -u -d "$(openssl x509 -in "$1" -noout -startdate | cut -d = -f 2)" +%s
}

is_kept() {
  if ! [ -L "$current" ] || ! [ -s "$current" ]; then return 1; fi
  { names_node "$current" && has_its_key "$current" && verifies "$current"; } >/dev/null 2>&1 || return 1
  [ "$(begins "$current")" -ge "$(begins "$seed")" ]
}

if ! names_node "$seed" || ! has_its_key "$seed"; then
  say "$seed is not a client certificate of $node with its key" >&2
  exit 1
fi
if is_kept; then
  say "keeping the certificate that is there"
  exit 0
fi
# Static pods run without it, so this stops nothing.
verifies "$seed" >/dev/null || say "WARNING: the API servers will not accept the certificate; build the cluster again" >&2

mkdir -p "$store"
name=kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
cp "$seed" "$store/.$name"
sync "$store/.$name"
mv -fT "$store/.$name" "$store/$name"
ln -sfT "$name" "$store/.current"
mv -fT "$store/.current" "$current"
say "installed the delivered certificate"
`;
}
