# shellcheck shell=bash
# Writes the image to the disk, so that nothing can boot from it before it is whole. Sourced.


# Partition table, boot loader and, as a rule, the EFI system partition: kept in RAM until the whole stream was verified.
HEAD=$((64 * 1048576))

# zero_ends DISK BYTES. The first sector first: a disk writes it whole or not at all, and without its signature no firmware
# starts the disk. So a loss of power leaves the old system whole, or none; never the start of one and the rest of another.
# A second partition table at the end of the disk would bring the old system back.
zero_ends() {
  dd if=/dev/zero of="$1" bs=512 count=1 oflag=direct conv=notrunc,fsync status=none
  dd if=/dev/zero of="$1" bs=1M count=1 oflag=seek_bytes seek=$(($2 - 1048576)) conv=notrunc,fsync status=none
  dd if=/dev/zero of="$1" bs=1M count=1 oflag=direct conv=notrunc,fsync status=none
}

# pin first|last: one processor for this process and its children. Where processors are emulated, to wake another one for
# every 64 KiB in a pipe costs more than all the rest; so those who pass on much share one.
pin() {
  local last
  last=$(($(nproc) - 1))
  taskset -p "$([ "$1" = first ] && echo 1 || printf '%x' $((1 << (last > 31 ? 31 : last))))" "$BASHPID" >/dev/null
}

# followed COMMAND…: runs it, and lets progress.sh see how far its descriptor FOLLOWED (1 if not set) is.
followed() {
  "$@" <&6 6<&- &
  echo "$! ${FOLLOWED:-1}" >"$RUN/at"
  wait $!
}

# Standard input: the raw disk. Its beginning goes to $RUN/head, the rest to DISK. SPARSE: leave out runs of zeroes.
place() {
  local disk=$1 sparse=$2 rest=$((RAW_BYTES > HEAD ? RAW_BYTES - HEAD : 0))
  exec 6<&0
  followed dd bs=1M iflag=fullblock,count_bytes count=$HEAD of="$RUN/head" status=none || return 1
  [ $rest -gt 0 ] || return 0
  followed dd of="$disk" bs=4M iflag=fullblock,count_bytes count=$rest oflag=direct,seek_bytes seek=$HEAD \
    conv="fsync,notrunc$sparse" 2>"$RUN/writer.said" || return 1
  grep -q "^$rest bytes" "$RUN/writer.said"
}

unpack() {
  pin last
  zstd -q -d -c | place "$1" "$2"
}

# write_image DISK: all but the first 64 MiB, which are in $RUN/head and verified with the rest of the stream afterwards.
write_image() {
  local disk=$1 sparse='' hash statuses
  # Where the device zeroes by itself, runs of zeroes need not be written. Elsewhere they are: they may cover old data.
  if [ "$(cat "$SYS/block/${disk##*/}/queue/write_zeroes_max_bytes")" -gt 0 ] &&
    blkdiscard -z -l "$RAW_BYTES" "$disk"; then sparse=,sparse; fi
  mkfifo "$RUN/tap"
  { pin first && exec openssl dgst -sha256 -r; } <"$RUN/tap" >"$RUN/sum" &
  hash=$!
  statuses=$(
    trap - ERR
    set +e
    { pin first && stream | tee "$RUN/tap"; } | unpack "$disk" "$sparse"
    echo "${PIPESTATUS[*]}"
  )
  [ "$statuses" = '0 0' ] ||
    fail "download, copy or unpacking and writing broke off ($statuses): $(head -q -n 1 "$RUN/writer.said" "$RUN/curl" 2>/dev/null || true)"
  wait "$hash"
  [ "$(cut -d ' ' -f 1 "$RUN/sum")" = "$STREAM_SHA256" ] || fail "the stream has another hash than the manifest says"
  [ "$(stat -c %s "$RUN/head")" = "$((RAW_BYTES < HEAD ? RAW_BYTES : HEAD))" ] || fail "the image is shorter than its manifest says"
}
