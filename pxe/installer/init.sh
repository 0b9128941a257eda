#!/bin/sh
# The first process of the installer. Whatever main.sh comes to, the machine is off, or in its new system, afterwards.
# No shell is ever started for a person, and nothing listens.
export PATH=/bin LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=0700 run /run
ln -s /proc/self/fd /dev/fd
echo 10 >/proc/sys/kernel/panic
echo 3 >/proc/sys/kernel/printk

# Drivers for what is there. Twice: a controller's driver makes disks appear that want a driver of their own.
for _ in 1 2; do
  find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u | xargs /bin/modprobe -qab
done
/bin/modprobe -qab ext4
[ -d /sys/firmware/efi ] && /bin/modprobe -q efivarfs && mount -t efivarfs efivarfs /sys/firmware/efi/efivars

# An hour is more than the slowest disk needs for the largest image; the controllers' deadlines are much shorter.
timeout -s KILL 3600 /bin/bash /installer/main.sh
echo "installer: over; the machine is switched off"
sync
poweroff -f
