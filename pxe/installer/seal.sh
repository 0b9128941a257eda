# shellcheck shell=bash
# Makes the written disk whole: partition table, identity, and the first sector as the very last. Sourced.

# The partition table as this disk is to have it, in a file of the disk's size (that takes no room): its backup is moved
# to the end of the disk there, so that what goes to the disk is right from the first byte.
table() {
  local image=$RUN/table
  dd if="$RUN/head" of="$RUN/first" bs=1M count=1 status=none
  cp "$RUN/first" "$image"
  truncate -s "$1" "$image"
  sfdisk -q --relocate gpt-bak-std "$image" >>"$RUN/log" 2>&1 || fail "the image has no GPT that could be fitted to this disk"
  sfdisk -J "$image" 2>>"$RUN/log" | jq -r '.partitiontable.partitions[] | [(.node | capture("(?<n>[0-9]+)$").n), .start, .size, .type, (.name // "-")] | @tsv' >"$RUN/partitions"
  dd if="$image" of="$RUN/head" bs=1M count=1 conv=notrunc status=none
}

# partition COLUMN VALUE: number, start and size (sectors) of the one with this type (4) or label (5).
partition() {
  awk -F '\t' -v column="$1" -v value="$2" '$column == value {print $1, $2, $3; exit}' "$RUN/partitions"
}

# Who this machine is, for its first boot: a tar archive at the start of the partition labelled rekindle-id. The key in it is good for one
# enrolment.
identity() {
  local start size
  read -r _ start size < <(partition 5 rekindle-id) || fail "the image has no partition labelled rekindle-id"
  jq -n --arg cluster "$CLUSTER" --arg host "$HOST" --arg job "$JOB" --argjson attempt "$ATTEMPT" \
    --arg urls "${URLS[*]}" --arg image "$DIGEST" --slurpfile nodeKeys "$HERE/nodes.json" --rawfile key "$RUN/key.pem" \
    '{cluster: $cluster, host: $host, job: $job, attempt: $attempt, image: $image, urls: ($urls | split(" ")), nodeKeys: $nodeKeys[0], key: $key}' \
    >"$RUN/enrol.json"
  chmod 0600 "$RUN/enrol.json"
  tar -C "$RUN" -cf "$RUN/enrol.tar" enrol.json
  [ "$(stat -c %s "$RUN/enrol.tar")" -le $((size * 512)) ] || fail "the partition rekindle-id is too small"
  dd if="$RUN/enrol.tar" of="$1" bs=4096 seek=$((start * 512)) oflag=seek_bytes conv=notrunc,fsync status=none
}

# seal DISK BYTES
seal() {
  local started took
  table "$2"
  if [ "$(stat -c %s "$RUN/head")" -gt 1048576 ]; then
    dd if="$RUN/head" of="$1" bs=1M skip=1 seek=1 oflag=direct conv=notrunc,fsync status=none
  fi
  started=$(uptime_cs)
  unchanged "$1"
  took=$(($(uptime_cs) - started))
  # All of it, where that takes seconds.
  if [ $((took * (RAW_BYTES / HEAD) * 2)) -le 500 ]; then whole "$1"; else say "too slow to read all of it back"; fi
  identity "$1"
  # The backup of the partition table: last 33 sectors.
  dd if="$RUN/table" of="$1" bs=512 skip=$(($2 / 512 - 33)) seek=$(($2 / 512 - 33)) count=33 conv=notrunc,fsync status=none
  dd if="$RUN/head" of="$1" bs=$((1048576 - 512)) count=1 skip=512 seek=512 iflag=skip_bytes oflag=direct,seek_bytes conv=notrunc,fsync status=none
  # From this write on the disk can boot. All before it is on the disk: each write above ended with fsync.
  dd if="$RUN/head" of="$1" bs=512 count=1 oflag=direct conv=notrunc,fsync status=none
  blockdev --flushbufs "$1"
  cmp -s -n 1048576 "$RUN/head" "$1" || { zero_ends "$1" "$2" && fail "the disk does not hold its first MiB"; }
}

# What was kept back is on the disk as it was sent, but for the first MiB, that is not there yet.
unchanged() {
  blockdev --flushbufs "$1"
  local size
  size=$(stat -c %s "$RUN/head")
  cmp -s -i 1048576 -n $((size - 1048576)) "$RUN/head" "$1" || fail "the disk does not hold what was written to it"
}

whole() {
  local hash
  phase read-back
  mkfifo "$RUN/read"
  openssl dgst -sha256 -r <"$RUN/read" >"$RUN/sum" &
  hash=$!
  exec 5>"$RUN/read" 6<"$1"
  dd if="$RUN/first" status=none >&5
  FOLLOWED=0 followed dd bs=1M skip=1 iflag=direct,count_bytes count=$((RAW_BYTES - 1048576)) status=none >&5
  exec 5>&- 6<&-
  wait "$hash"
  [ "$(cut -d ' ' -f 1 "$RUN/sum")" = "$RAW_SHA256" ] || fail "the disk, read back, has another hash than the manifest says"
}
