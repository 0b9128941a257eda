# shellcheck shell=bash
# An address, by DHCP, on the interface that the machine booted from. Sourced.

# Interfaces to try: the one whose MAC the boot loader named (BOOTIF=01-aa-bb-…), else all that are hardware.
interfaces() {
  local wanted=${1,,} one
  wanted=${wanted#01-}
  for one in /sys/class/net/*; do
    [ -e "$one/device" ] || continue
    [ -z "$wanted" ] || [ "$(cat "$one/address")" = "${wanted//-/:}" ] || continue
    echo "${one##*/}"
  done
}

# Bounded by 90 s: a switch port may need 50 s before it forwards (spanning tree).
network_up() {
  local one
  ip link set lo up
  for one in $(interfaces ""); do ip link set "$one" up; done
  while [ "$(uptime_cs)" -lt 12000 ]; do
    for one in $(interfaces "$1"); do
      [ "$(cat "/sys/class/net/$one/carrier" 2>/dev/null)" = 1 ] || continue
      if udhcpc -f -n -q -t 4 -T 1 -i "$one" -s "$HERE/lease.sh" >>"$RUN/log" 2>&1; then
        say "$one has $(ip -4 -o addr show dev "$one" | awk '{print $4}')"
        return 0
      fi
    done
    sleep 0.2
  done
  return 1
}
