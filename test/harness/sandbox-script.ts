import { labScript } from '../../lib/lab/lab-script.ts';

/**
 * The inside of a sandbox: a lab's own, and a first process that answers requests. Start it with this text in the
 * environment, as `SCRIPT`.
 */
export const SANDBOX_SCRIPT: string =
  labScript(`# serve: the first process inside. It answers one request a line on standard input and ends when that closes, and the
# kernel kills everything else with it.
serve() {
  mount -t tmpfs -o mode=0755 sandbox /run
  mkdir /run/netns /run/machines
  printf '%s\\n' "$SCRIPT" >/run/lab.sh
  unset SCRIPT
  # IPv6 only adds noise: every machine has the one address that was rendered for it.
  for file in /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6; do
    if [ -e "$file" ]; then echo 1 >"$file"; fi
  done
  echo ready
  while read -r request; do
    # A file: what stays in the background would hold a pipe open.
    # shellcheck disable=SC2086 # words are separated by spaces
    if sh /run/lab.sh $request >/run/reply 2>&1 </dev/null; then
      echo ok
    else
      echo "failed $request: $(tr '\\n' ' ' </run/reply)"
    fi
  done
}

# disk MACHINE: what its root is written to, in memory; it outlives a power cut
disk() {
  mkdir -p "/run/machines/$1/upper" "/run/machines/$1/work"
}

# address MACHINE INTERFACE ADDRESS/LENGTH
address() {
  ip -n "$1" address add "$3" dev "$2"
  ip -n "$1" link set "$2" up
}

# gateway MACHINE ADDRESS
gateway() {
  ip -n "$1" route add default via "$2"
}

`);
