/** What the bootstrap script is told; all are paths or names without blanks or quotes. */
export interface BootstrapScript {
  /** Absolute path of kubectl. */
  readonly kubectl: string;
  /** The machine, which is its node's name. */
  readonly machine: string;
  /** URL of the machine's own API server. */
  readonly server: string;
  /** PEM file that verifies it. */
  readonly authorities: string;
  /** Path of the node-signer without `.crt` and `.key`. */
  readonly signer: string;
  /** Kubeconfig of the machine's kubelet, enough to look at its own node. */
  readonly kubeletKubeconfig: string;
  readonly objects: string;
  /** The unit's runtime folder: 0700, in memory. */
  readonly runtimeDirectory: string;
  /** Labels that a kubelet may not give itself; empty values. */
  readonly nodeLabels: readonly string[];
}

/** Folder below the runtime folder that holds the credential while the script runs. */
export const CREDENTIAL_FOLDER = 'credential';

/**
 * The script of keelway-bootstrap.service, for any POSIX sh with coreutils, curl, OpenSSL 3.0 or newer and kubectl.
 *
 * It mints an administrator's certificate for one hour, applies the objects, labels the node, and deletes the
 * certificate whatever happened. When both are done already it makes no certificate at all. Exit 1: try again later.
 */
export function bootstrapScript(settings: BootstrapScript): string {
  return [constants(settings), FUNCTIONS, MAIN].join('\n');
}

function constants(settings: BootstrapScript): string {
  return `#!/bin/sh
# Keelway: gives the cluster its first permissions and this node its role, through the API server of this machine.
# The administrator's credential that this takes lives one hour at most, in memory, and is deleted at the end.
set -eu
umask 077

kubectl=${settings.kubectl}
machine=${settings.machine}
server=${settings.server}
authorities=${settings.authorities}
signer=${settings.signer}
kubelet=${settings.kubeletKubeconfig}
objects=${settings.objects}
labels='${settings.nodeLabels.join(' ')}'
run=${settings.runtimeDirectory}
credential=$run/${CREDENTIAL_FOLDER}
applied=$run/applied
`;
}

const FUNCTIONS = `# Nothing of another kubeconfig, nothing outside the runtime folder.
export KUBECONFIG=/dev/null
cache=$run/cache

say() {
  echo "keelway-bootstrap: $*"
}

# retry TRIES COMMAND...: two seconds between tries.
retry() {
  tries=$1
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 2
  done
}

forget() {
  rm -rf "$credential" "$cache"
}

api_ready() {
  # Not kubectl, which asks for a user name when it has no credential.
  curl --silent --fail --noproxy '*' --max-time 5 --cacert "$authorities" --output /dev/null "$server/readyz"
}

as_admin() {
  "$kubectl" --kubeconfig="$credential/kubeconfig" --cache-dir="$cache" --request-timeout=15s "$@"
}

# The kubelet's own credential is enough to look, so that looking needs no administrator.
labelled() {
  found=$("$kubectl" --kubeconfig="$kubelet" --cache-dir="$cache" --request-timeout=5s get node "$machine" \\
    -o go-template='{{range $key, $value := .metadata.labels}}{{$key}}{{"\\n"}}{{end}}' 2>/dev/null) || return 1
  for label in $labels; do
    printf '%s\\n' "$found" | grep -Fqx "$label" || return 1
  done
}

objects_hash() {
  sha256sum <"$objects"
}

objects_applied() {
  [ -f "$applied" ] && [ "$(cat "$applied")" = "$(objects_hash)" ]
}

# openssl ca, because only OpenSSL 3.4 and newer can give openssl x509 an end date.
mint() {
  mkdir -m 0700 "$credential"
  cat >"$credential/openssl.cnf" <<END
[req]
distinguished_name = subject
prompt = no
[subject]
organizationName = system:masters
# Not in the common name, which ends at 64 characters.
organizationalUnitName = $machine
commonName = keelway:bootstrap
[ca]
default_ca = signer
[signer]
database = $credential/index
new_certs_dir = $credential
certificate = $signer.crt
private_key = $signer.key
rand_serial = yes
default_md = sha256
policy = subject_policy
x509_extensions = leaf
[subject_policy]
organizationName = supplied
organizationalUnitName = supplied
commonName = supplied
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
  : >"$credential/index"
  # One hour in all; the five minutes back are for a clock that is being corrected.
  starts=$(date -u -d '-5 minutes' +%Y%m%d%H%M%SZ)
  ends=$(date -u -d '+55 minutes' +%Y%m%d%H%M%SZ)
  openssl req -new -config "$credential/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\
    -keyout "$credential/client.key" -out "$credential/client.csr" 2>"$credential/log" &&
    openssl ca -batch -notext -config "$credential/openssl.cnf" -startdate "$starts" -enddate "$ends" \\
      -in "$credential/client.csr" -out "$credential/client.crt" 2>"$credential/log" || {
    cat "$credential/log" >&2
    return 1
  }
  cat >"$credential/kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
- name: local
  cluster:
    server: $server
    certificate-authority: $authorities
users:
- name: bootstrap
  user:
    client-certificate: $credential/client.crt
    client-key: $credential/client.key
contexts:
- name: bootstrap
  context:
    cluster: local
    user: bootstrap
current-context: bootstrap
END
}

apply_objects() {
  as_admin apply --server-side --force-conflicts --field-manager=keelway -f "$objects"
}

node_registered() {
  as_admin get node "$machine" -o name >/dev/null 2>&1
}

label_node() {
  # shellcheck disable=SC2086,SC2046 # names without blanks, each an argument
  as_admin label node "$machine" --overwrite --field-manager=keelway $(printf '%s= ' $labels)
}
`;

const MAIN = `trap forget EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
forget

retry 300 api_ready || {
  say "the API server of this machine is not ready; trying again later"
  exit 1
}
if objects_applied && labelled; then
  exit 0
fi

mint
if ! objects_applied; then
  retry 5 apply_objects
  objects_hash >"$applied"
fi
retry 90 node_registered || {
  say "node $machine has not registered; trying again later"
  exit 1
}
label_node
`;
