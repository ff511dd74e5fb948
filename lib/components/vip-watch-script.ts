/**
 * The script of keelway-vip-watch.service.
 *
 * Arguments: the VIP; the URL to ask, and for https the file with the CA, else an empty one; and, where this machine may
 * answer ARP for the VIP, its node address and how many probes without an answer make it do so.
 *
 * Four failures in a row, two seconds apart, take the VIP away.
 *
 * Answering: the kernel answers only for addresses of the interface that was asked (arp_ignore 1), so the machine that
 * answers has the VIP on the node's interface as well as on lo. A machine takes that on when it holds the VIP on lo and
 * its probes, one a second, found nobody who answers, and keeps it as long as it holds the VIP on lo. Each machine of
 * the control plane waits for another number of probes, so that two do not take it at once; if they do, the one with the
 * lower hardware address remains. If all healthy machines answered, a host would hear three answers, change its mind
 * between two packets, and lose the connection.
 *
 * The machine that answers tells the subnet every few seconds, as kube-vip does in profile arp: a host that missed it, or heard
 * the one that yielded last, would notice the loss of the machine it speaks to only when its own entry has aged, after up
 * to a minute.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5227
 */
export const VIP_WATCH_SCRIPT: string = `#!/bin/sh
# Keelway: watches over the virtual IP on this machine.
#   vip-watch ADDRESS URL CA [NODE_ADDRESS PROBES]
set -eu
export LC_ALL=C
vip=$1
url=$2
authority=$3
node=\${4:-}
probes=\${5:-0}

say() {
  echo "keelway-vip-watch: $*" >&2
}

# device_of ADDRESS: the first interface that has it
device_of() {
  ip -oneline -4 address show to "$1/32" | sed -n 's/^[0-9]*: *\\([^ ]*\\) .*/\\1/p' | head -n 1
}

# has_vip DEVICE
has_vip() {
  [ -n "$(ip -oneline -4 address show dev "$1" to "$vip/32" 2>/dev/null)" ]
}

answers() {
  curl --silent --fail --output /dev/null --max-time 3 \${authority:+--cacert "$authority"} "$url"
}

# Takes the VIP away when nothing stands behind it.
take_away() {
  failures=0
  while :; do
    sleep 2
    device=$(device_of "$vip")
    if [ -z "$device" ] || answers; then
      failures=0
      continue
    fi
    failures=$((failures + 1))
    if [ "$failures" -ge 4 ]; then
      say "$url fails, and $vip is still on $device: taking it away"
      ip address del "$vip/32" dev "$device" || :
      failures=0
    fi
  done
}

# The hardware address of another machine that answers for the VIP, or tells the subnet that it does (its word is a request).
other() {
  arping -D -c 1 -w 1 -I "$1" "$vip" 2>/dev/null |
    sed -nE 's/^.*(reply|request) from [^[]*\\[([0-9A-Fa-f:]*)\\].*/\\2/p' | tr 'A-F' 'a-f' | head -n 1
}

# In the foreground: a machine that has yielded must not be heard once more.
tell() {
  arping -q -U -c 1 -w 1 -I "$1" "$vip" >/dev/null 2>&1 || :
}

# Answers ARP for the VIP on the node's interface when no other machine does.
answer() {
  unanswered=0
  while kill -0 "$watcher"; do
    device=$(device_of "$node")
    if [ -z "$device" ]; then
      sleep 1
      continue
    fi
    if ! has_vip lo; then
      if has_vip "$device"; then
        say "$vip is gone from lo: no more answers on $device"
        ip address del "$vip/32" dev "$device" || :
      fi
      unanswered=0
      sleep 1
      continue
    fi
    heard=$(other "$device")
    if has_vip "$device"; then
      own=$(cat "/sys/class/net/$device/address")
      if [ -n "$heard" ] && [ "$(printf '%s\\n' "$heard" "$own" | sort | head -n 1)" != "$own" ]; then
        say "$heard answers for $vip as well, and keeps it"
        ip address del "$vip/32" dev "$device" || :
      else
        tell "$device"
      fi
    elif [ -n "$heard" ]; then
      unanswered=0
    else
      # The probe has taken its second.
      unanswered=$((unanswered + 1))
      if [ "$unanswered" -lt "$probes" ] || ! has_vip lo; then continue; fi
      say "nobody answers for $vip: answering on $device"
      ip address add "$vip/32" dev "$device" preferred_lft 0 || :
      tell "$device"
      unanswered=0
    fi
    sleep 1
  done
}

stop() {
  trap - EXIT TERM INT
  kill "$watcher" 2>/dev/null || :
  device=$(device_of "$node")
  if [ -n "$device" ] && has_vip "$device"; then ip address del "$vip/32" dev "$device" || :; fi
}

if [ -z "$node" ]; then take_away; fi
take_away &
watcher=$!
trap stop EXIT
trap 'exit 0' TERM INT
answer
`;
