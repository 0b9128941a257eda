#!/bin/sh
# Called by udhcpc. Names are not resolved: the controllers are named by address.
# shellcheck disable=SC2154 # udhcpc sets them
[ "$1" = bound ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/${mask:-24}" dev "$interface"
for one in $router; do
  ip route add default via "$one" dev "$interface"
  break
done
