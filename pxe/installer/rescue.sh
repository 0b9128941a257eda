# shellcheck shell=bash
# What is done without writing anything: a dry run and a rescue. Every disk is read-only by then. Sourced.

# report NAME=VALUE…: values are cut to what the protocol takes.
report() {
  local one arguments=()
  for one in "$@"; do arguments+=("${one%%=*}" "$(printf '%s' "${one#*=}" | tail -c 4000 | printable)"); done
  jq -cn '$ARGS.positional as $all | [range(0; $all | length; 2) | {($all[.]): $all[. + 1]}] | {report: add}' --args "${arguments[@]}"
}

printable() {
  tr -cd '\11\12\40-\176'
}

# rate BYTES HUNDREDTHS: bytes per second.
rate() {
  echo $(($1 * 100 / ($2 > 0 ? $2 : 1)))
}

dry_run() {
  local disk=$1 started read_rate size net_rate
  phase measure
  started=$(uptime_cs)
  size=$(dd if="$disk" of=/dev/null bs=4M count=64 iflag=direct 2>&1 | sed -n 's/ bytes.*//p')
  read_rate=$(rate "$size" $(($(uptime_cs) - started)))
  started=$(uptime_cs)
  # Five seconds of what an installation would do, but for the disk.
  curl -sS --max-time 5 "${SOURCES[0]}/images/$DIGEST/$STREAM_FILE" 2>/dev/null |
    tee >(openssl dgst -sha256 >/dev/null) | wc -c >"$RUN/size" || true
  net_rate=$(rate "$(cat "$RUN/size")" $(($(uptime_cs) - started)))
  report "diskReadBytesPerS=$read_rate" "networkBytesPerS=$net_rate" \
    "predictedMs=$((STREAM_BYTES * 1000 / (net_rate > 0 ? net_rate : 1) + RAW_BYTES * 1000 / (read_rate > 0 ? read_rate : 1)))" \
    "disk=${disk##*/}" "image=$DIGEST"
}

rescue() {
  local one part mounted='' boot='' journal=''
  phase collect
  mkdir -p "$RUN/old"
  for one in $(disks); do
    for part in $(partitions_of "$one") "$one"; do
      mount -t ext4 -o ro,noload "$DEV/$part" "$RUN/old" 2>/dev/null || continue
      mounted+="$part "
      [ ! -d "$RUN/old/boot" ] || boot+=$(ls -l "$RUN/old/boot" || true)
      journal+=$(find "$RUN/old/var/log/journal" -name system.journal -exec strings {} + 2>/dev/null | sed -n 's/^MESSAGE=//p' | tail -n 60 || true)
      umount "$RUN/old"
    done
  done
  report "dmesg=$(dmesg | tail -n 60)" "disks=$(cat "$RUN/disks")" "partitions=$(cat /proc/partitions)" \
    "mounted=$mounted" "boot=$boot" "journal=$journal"
}
