# shellcheck shell=bash
# The image: its manifest, and its bytes from whichever controller has them. Sourced.
#
# SOURCES: array of http://ADDRESS:PORT. DIGEST: of the manifest that the plan names.

# Sets RAW_BYTES, RAW_SHA256, STREAM_FILE, STREAM_BYTES, STREAM_SHA256, IMAGE_FIRMWARE, KERNEL, INITRD, CMDLINE.
manifest() {
  local source key fields why=()
  for source in "${SOURCES[@]}"; do
    for one in manifest.json manifest.sig; do
      curl -sSf --connect-timeout 2 --max-time 20 --max-filesize 65536 -o "$RUN/$one" \
        "$source/images/$DIGEST/$one" 2>>"$RUN/log" || { why+=("$source does not have it") && continue 2; }
    done
    # The plan is signed and names this digest: an older image, however well signed, is not the one.
    [ "$(sha256sum <"$RUN/manifest.json")" = "$DIGEST  -" ] || { why+=("$source has another manifest") && continue; }
    for key in "$HERE"/images/*.pem; do
      verified "$key" "$RUN/manifest.json" "$(cat "$RUN/manifest.sig")" && break 2
    done
    why+=("the manifest of $source is signed by none of the image keys")
  done
  [ ${#why[@]} -lt ${#SOURCES[@]} ] || fail "no manifest $DIGEST that can be believed: ${why[*]}"
  mapfile -t fields < <(jq -r '.format, .raw.bytes, .raw.sha256, .stream.file, .stream.bytes, .stream.sha256,
    (.firmware | join(" ")), .boot.kernel, .boot.initrd, .boot.cmdline' "$RUN/manifest.json")
  [ "${fields[0]}" = 1 ] || fail "the manifest has format ${fields[0]}, this installer knows 1"
  RAW_BYTES=${fields[1]} RAW_SHA256=${fields[2]} STREAM_FILE=${fields[3]} STREAM_BYTES=${fields[4]}
  STREAM_SHA256=${fields[5]} IMAGE_FIRMWARE=${fields[6]} KERNEL=${fields[7]} INITRD=${fields[8]} CMDLINE=${fields[9]}
  [[ $RAW_BYTES =~ ^[0-9]+$ && $STREAM_BYTES =~ ^[0-9]+$ && $STREAM_FILE =~ ^[A-Za-z0-9_][A-Za-z0-9._-]*$ ]] ||
    fail "the manifest's sizes or file name make no sense"
}

# The compressed stream, to standard output. When a source fails, stalls or ends early, the next one goes on from there.
# Returns 1 when it could not be had in full.
stream() {
  local got=0 source size status idle=0
  while [ "$got" -lt "$STREAM_BYTES" ]; do
    for source in "${SOURCES[@]}"; do
      status=0
      curl -sSf -C "$got" --connect-timeout 2 --speed-limit 10240 --speed-time 5 -w '%{stderr}\n%{size_download}\n' \
        "$source/images/$DIGEST/$STREAM_FILE" 2>"$RUN/curl" || status=$?
      size=$(tail -n 1 "$RUN/curl")
      got=$((got + ${size:-0}))
      [ "$got" -lt "$STREAM_BYTES" ] || break
      say "$source: $got of $STREAM_BYTES bytes, then: $(head -n 1 "$RUN/curl")"
      # 23: whoever reads is gone.
      [ $status -ne 23 ] || return 1
      idle=$((size > 0 ? 0 : idle + 1))
      [ $idle -lt $((3 * ${#SOURCES[@]})) ] || return 1
      sleep 0.2
    done
  done
  [ "$got" -eq "$STREAM_BYTES" ]
}
