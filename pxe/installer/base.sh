# shellcheck shell=bash
# What all parts share. Sourced.
#
# RUN: directory in RAM for keys, messages and intermediate files. PHASE: file with the name of what is being done.

RUN=${RUN:-/run}
HERE=${HERE:-/installer}

say() {
  printf 'installer: %s\n' "$*" | tee -a "$RUN/log" >&2
}

# Hundredths of a second since the kernel started; never goes back.
uptime_cs() {
  local up _
  read -r up _ </proc/uptime
  echo "${up/./}"
}

phase() {
  echo "$1" >"$RUN/phase"
  say "[$(uptime_cs)] $1"
}

# What the kernel last said of the disk that is written: it alone knows the sector.
disk_error() {
  [ -z "${TARGET:-}" ] || dmesg 2>/dev/null | sed -n "s/^\[[^]]*\] *\(.*error, dev ${TARGET##*/},.*\)/; the kernel: \1/p" | tail -n 1
}

# fail REASON: the attempt is over. Said to the leader, if there is one that knows this machine; then init switches off.
# In a subshell it only ends that: the main process then fails at the line that started it.
fail() {
  local reason="$*"
  trap - ERR
  reason="${reason:0:3500}$(disk_error)"
  say "failed: $reason"
  [ "$BASHPID" = $$ ] || exit 1
  progress_stop
  if [ -e "$RUN/known" ]; then
    ask_once failed "$(jq -cn --arg phase "$(cat "$RUN/phase")" --arg reason "$reason" \
      --arg log "$(tail -c 3500 "$RUN/log")" '{phase: $phase, reason: $reason, log: $log}')" || true
  fi
  exit 1
}
