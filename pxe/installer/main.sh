#!/bin/bash
# The installer, step by step; docs/installer.md tells what for. Each step ends the attempt when it cannot be done.
# shellcheck source-path=SCRIPTDIR
set -eEuo pipefail
HERE=${BASH_SOURCE[0]%/*}
. "$HERE/base.sh"
. "$HERE/network.sh"
. "$HERE/talk.sh"
. "$HERE/progress.sh"
. "$HERE/disks.sh"
. "$HERE/image.sh"
. "$HERE/write.sh"
. "$HERE/seal.sh"
. "$HERE/boot.sh"
. "$HERE/rescue.sh"
trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/} went wrong"' ERR

argument() {
  sed -n "s/.*\(^\| \)$1=\([^ ]*\).*/\2/p" /proc/cmdline
}

phase start
JOB=$(argument rekindle.job) ATTEMPT=$(argument rekindle.attempt) TOKEN=$(argument rekindle.token)
IFS=, read -r -a URLS <<<"$(argument rekindle.url)"
[[ $JOB =~ ^[A-Za-z0-9._:/@-]{1,96}$ && $ATTEMPT =~ ^[0-9]+$ && $TOKEN =~ ^[A-Za-z0-9_=+/-]{1,128}$ && ${#URLS[@]} -gt 0 ]] ||
  fail "the kernel's command line does not name job, attempt, token and url"

phase network
network_up "$(argument BOOTIF)" || fail "no interface got an address by DHCP"

phase inventory
make_key
disks >"$RUN/names"
while read -r one; do describe "$one"; done <"$RUN/names" >"$RUN/disks"
[ -d /sys/firmware/efi ] && FIRMWARE=uefi || FIRMWARE=bios
uuid=$(cat /sys/class/dmi/id/product_uuid 2>/dev/null || true)
jq -csR -f "$HERE/inventory.jq" --arg uuid "${uuid,,}" --arg macs "$(for one in $(interfaces ""); do cat "/sys/class/net/$one/address"; done)" \
  --arg firmware "$FIRMWARE" --arg memoryMiB "$(awk '$1=="MemTotal:"{print int($2/1024)}' /proc/meminfo)" \
  --arg cpus "$(nproc)" <"$RUN/disks" >"$RUN/inventory.json"

phase hello
ask hello "{\"token\":\"$TOKEN\",\"key\":\"$(cat "$RUN/key.pub")\",\"inventory\":$(cat "$RUN/inventory.json")}"
: >"$RUN/known"
mapfile -t plan < <(jq -r 'select(.kind == "plan").plan | .job, .attempt, .mode, .host, .cluster, .epoch,
  (.disk.serial // ""), (.disk.wwn // ""), .disk.bytes, .image.manifest, .wallMs, (.sources | join(" "))' "$RUN/answer.hello")
[ ${#plan[@]} -eq 12 ] || fail "the answer to hello is no plan"
MODE=${plan[2]} HOST=${plan[3]} CLUSTER=${plan[4]} EPOCH=${plan[5]} SERIAL=${plan[6]} WWN=${plan[7]} BYTES=${plan[8]}
DIGEST=${plan[9]}
[ "${plan[0]} ${plan[1]}" = "$JOB $ATTEMPT" ] || fail "the plan is for job ${plan[0]}, attempt ${plan[1]}"
[ "$CLUSTER" = "$(cat "$HERE/cluster")" ] || fail "the plan is of cluster $CLUSTER"
date -s "@$((plan[10] / 1000))" >/dev/null
read -r -a SOURCES <<<"${plan[11]}"
for one in "${SOURCES[@]}"; do [[ " ${URLS[*]} " = *" $one "* ]] || URLS+=("$one"); done

phase identify
if [ "$MODE" = rescue ]; then
  TARGET=
else
  TARGET=$(target "$SERIAL" "$WWN" "$BYTES") || fail "$TARGET"
fi
for one in $(disks); do
  [ "$MODE $one" = "install $TARGET" ] && continue
  protect "$one" || fail "$one could not be made read-only"
done

if [ "$MODE" = rescue ]; then
  findings=$(rescue)
  ask finished "$findings"
  ask bye '{"how":"power-off"}'
  exit 0
fi

phase manifest
manifest
[[ " $IMAGE_FIRMWARE " = *" $FIRMWARE "* ]] || fail "the image is for $IMAGE_FIRMWARE, this machine has $FIRMWARE"
[ "$RAW_BYTES" -le "$BYTES" ] || fail "the image has $RAW_BYTES bytes, the disk $BYTES"
[ "$(cat "$SYS/block/$TARGET/queue/logical_block_size")" = 512 ] || fail "the image is for sectors of 512 bytes, $TARGET has larger ones"

if [ "$MODE" = dry-run ]; then
  findings=$(dry_run "$DEV/$TARGET")
  ask finished "$findings"
  ask bye '{"how":"power-off"}'
  exit 0
fi
[ "$MODE" = install ] || fail "the plan's mode is \"$MODE\""

phase commit
started=$(uptime_cs)
disk=$(jq -cn --arg serial "$SERIAL" --arg wwn "$WWN" '{serial: $serial, wwn: $wwn} | with_entries(select(.value != ""))')
ask commit "{\"disk\":$disk,\"manifest\":\"$DIGEST\"}"
jq -e --arg job "$JOB" --argjson attempt "$ATTEMPT" --argjson disk "$disk" --argjson epoch "$EPOCH" \
  '.kind == "go" and .job == $job and .attempt == $attempt and .disk == $disk and .epoch >= $epoch' \
  "$RUN/answer.commit" >/dev/null || fail "the answer to commit is no go for this disk"
[ "$(target "$SERIAL" "$WWN" "$BYTES")" = "$TARGET" ] || fail "the disk changed while the leader was asked"

# Here the first byte is destroyed.
phase write
zero_ends "$DEV/$TARGET" "$BYTES"
progress_start "$RAW_BYTES"
write_image "$DEV/$TARGET"
phase seal
seal "$DEV/$TARGET" "$BYTES"
boot_entry "$DEV/$TARGET"
progress_stop
ask sealed "{\"manifest\":\"$DIGEST\",\"bytes\":$RAW_BYTES,\"tookMs\":$((($(uptime_cs) - started) * 10))}"

phase leave
# The installed system reads the time there: with a clock far off it would fail its test.
hwclock -w -u 2>/dev/null || say 'the clock of this machine could not be set'
how=$(way_out "$DEV/$TARGET")
ask bye "{\"how\":\"$how\"}"
say "[$(uptime_cs)] leaving by $how"
[ $how = reboot ] || kexec -e || true
reboot -f
