# shellcheck shell=bash
# How the machine gets into what was installed. Sourced.

# UEFI: an entry of our own at the head of the boot order. The image has \EFI\BOOT\BOOTX64.EFI too, and boot code for BIOS:
# without the entry it boots as well, so a firmware that refuses it ends nothing.
boot_entry() {
  local number old
  [ -d /sys/firmware/efi/efivars ] || return 0
  read -r number _ < <(partition 4 C12A7328-F81F-11D2-BA4B-00A0C93EC93B) || return 0
  for old in $(efibootmgr 2>/dev/null | sed -n 's/^Boot\([0-9A-F]\{4\}\)\*\{0,1\} Rekindle\b.*/\1/p'); do
    efibootmgr -q -B -b "$old" >>"$RUN/log" 2>&1 || true
  done
  efibootmgr -q -c -d "$1" -p "$number" -L Rekindle -l '\EFI\BOOT\BOOTX64.EFI' >>"$RUN/log" 2>&1 || say "no boot entry could be made"
}

# way_out DISK: kexec, or reboot where that cannot be done, or where a try has failed before: a network card or a driver may not
# survive kexec, and a machine that was never heard after one may well come up through its firmware.
way_out() {
  if [ "$ATTEMPT" = 1 ] && kernel_ready "$1"; then echo kexec; else echo reboot; fi
}

# kernel_ready DISK: the installed kernel is loaded, so that kexec can start it without firmware and boot loader.
kernel_ready() {
  local number node=$1 status=0
  blockdev --rereadpt "$1" 2>>"$RUN/log" || return 1
  read -r number _ < <(partition 5 root) || return 1
  case $node in *[0-9]) node+=p ;; esac
  mkdir -p "$RUN/root"
  # noload: not even the journal is touched.
  mount -t ext4 -o ro,noload "$node$number" "$RUN/root" 2>>"$RUN/log" || return 1
  { cp "$RUN/root/$KERNEL" "$RUN/kernel" && cp "$RUN/root/$INITRD" "$RUN/initrd"; } 2>>"$RUN/log" || status=1
  umount "$RUN/root"
  [ $status -eq 0 ] || return 1
  # Without the check of what was loaded a moment ago, that takes seconds; by the other call where this one is forbidden.
  kexec -l -i "$RUN/kernel" --initrd="$RUN/initrd" --command-line="$CMDLINE" >>"$RUN/log" 2>&1 ||
    kexec -s -l "$RUN/kernel" --initrd="$RUN/initrd" --command-line="$CMDLINE" >>"$RUN/log" 2>&1
}
