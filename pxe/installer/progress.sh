# shellcheck shell=bash
# Tells the leader every 2 s how far it is. Sourced. $RUN/at: process and descriptor of what reads or writes the disk.

# progress_start OF: bytes of the whole.
progress_start() {
  mkfifo "$RUN/wake"
  exec 7<>"$RUN/wake"
  progress "$1" &
  PROGRESS=$!
}

# Returns when no request is on its way any more: the numbers of requests must rise.
progress_stop() {
  [ -n "${PROGRESS:-}" ] || return 0
  echo >&7
  wait "$PROGRESS" || true
  PROGRESS=
}

progress() {
  local status bytes
  trap - ERR
  while ! read -r -t 2 -u 7; do
    bytes=$(written)
    status=0
    ask_once progress "{\"phase\":\"$(cat "$RUN/phase")\",\"bytes\":$bytes,\"of\":$1}" || status=$?
    # Half an image without its first MiB cannot boot: to stop at any byte is safe.
    [ $status -ne 3 ] || poweroff -f
  done
}

# Bytes of the disk that were written, or read back: where a descriptor of the process at work is.
written() {
  local pid fd
  read -r pid fd 2>/dev/null <"$RUN/at" || { echo 0 && return; }
  awk '$1=="pos:"{at=$2} END{print at+0}' "/proc/$pid/fdinfo/$fd" 2>/dev/null || echo 0
}
