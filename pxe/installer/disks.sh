# shellcheck shell=bash
# Which disks there are, and which is meant. Sourced. SYS and DEV are other directories only in tests.

SYS=${SYS:-/sys}
DEV=${DEV:-/dev}

disks() {
  local one
  for one in "$SYS"/block/*; do
    case ${one##*/} in '*' | loop* | ram* | zram* | sr* | fd* | dm-* | md* | nbd*) continue ;; esac
    [ "$(cat "$one/size")" -gt 0 ] && echo "${one##*/}"
  done
  return 0
}

trimmed() {
  tr -cd '\40-\176' | sed 's/^ *//; s/ *$//'
}

# As lsblk prints them: the serial without blanks around it, the WWN as 0x… or eui.….
serial_of() {
  local at=$SYS/block/$1
  if [ -e "$at/serial" ]; then trimmed <"$at/serial"
  elif [ -e "$at/device/vpd_pg80" ]; then tail -c +5 "$at/device/vpd_pg80" | trimmed
  elif [ -e "$at/device/serial" ]; then trimmed <"$at/device/serial"
  fi
}

wwn_of() {
  local at=$SYS/block/$1 wwid
  wwid=$({ cat "$at/wwid" "$at/device/wwid" 2>/dev/null || true; } | head -n 1 | trimmed)
  case $wwid in
    naa.*) echo "0x${wwid#naa.}" ;;
    eui.*) echo "$wwid" ;;
  esac
}

bytes_of() {
  echo $(($(cat "$SYS/block/$1/size") * 512))
}

partitions_of() {
  local one
  for one in "$SYS/block/$1/$1"*; do [ -e "$one/partition" ] && echo "${one##*/}"; done
  return 0
}

# The first and last 16 MiB are zero.
blank() {
  local size=16777216 bytes
  bytes=$(bytes_of "$1")
  [ "$bytes" -ge "$size" ] || size=$bytes
  cmp -s -n "$size" "$DEV/$1" /dev/zero && cmp -s -n "$size" -i "$((bytes - size)):0" "$DEV/$1" /dev/zero
}

# One disk as tab-separated fields, in the order that inventory.jq reads.
describe() {
  local signatures guid='' empty='' one
  signatures=$({
    { wipefs -n -p "$DEV/$1" 2>/dev/null || true; } | sed -n 's/^[^#,]*,[^,]*,[^,]*,//p'
    for one in $(partitions_of "$1"); do blkid -p -s TYPE -o value "$DEV/$one" 2>/dev/null || true; done
  } | sort -u | head -n 32 | tr '\n' ',')
  guid=$({ blkid -p -o export "$DEV/$1" 2>/dev/null || true; } | awk -F= '$1=="PTTYPE"{t=$2} $1=="PTUUID"{u=$2} END{if(t=="gpt")print u}')
  if [ -z "$signatures" ] && blank "$1"; then empty=1; fi
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$(serial_of "$1")" "$(wwn_of "$1")" "$(bytes_of "$1")" \
    "$(cat "$SYS/block/$1/removable")" "$empty" "${guid,,}" "$signatures"
}

# target SERIAL WWN BYTES: the name of the one disk that is exactly this. The plan's device name does not count: names
# depend on the order in which controllers answer. Prints why not, and returns 1, for none or several.
target() {
  local one found=()
  [ -n "$1$2" ] || { echo "the plan names neither serial nor WWN of the disk" && return 1; }
  for one in $(disks); do
    if [ "$(serial_of "$one")" = "$1" ] && [ "$(wwn_of "$one")" = "$2" ] && [ "$(bytes_of "$one")" = "$3" ]; then
      found+=("$one")
    fi
  done
  [ ${#found[@]} -eq 1 ] && echo "${found[0]}" && return 0
  echo "${#found[@]} disks have serial \"$1\", WWN \"$2\" and $3 bytes: ${found[*]:-none}; exactly one must"
  return 1
}

# protect NAME: the kernel refuses every write to this disk and its partitions until the machine is reset. Read back.
protect() {
  local one
  for one in $(partitions_of "$1") "$1"; do
    blockdev --setro "$DEV/$one" && [ "$(blockdev --getro "$DEV/$one")" = 1 ] || return 1
  done
}
