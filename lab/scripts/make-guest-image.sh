#!/bin/bash
# Builds the guests' kernel and initramfs from two Debian packages, without installing either.
#   make-guest-image.sh CACHE     leaves CACHE/guest/{vmlinuz,initrd.img,stamp}
set -euo pipefail
cache=$1
here=$(cd "$(dirname "$0")" && pwd)
stamp=$(cat "$here/guest-init.sh" "$0" | sha256sum)
[ "$(cat "$cache/guest/stamp" 2>/dev/null)" = "$stamp" ] && exit 0

modules='virtio_pci virtio_net virtio_blk virtio-rng pvpanic-mmio pvpanic-pci button evdev'
mkdir -p "$cache/packages" "$cache/guest"
work=$(mktemp -d "$cache/image.XXXXXX")
trap 'rm -rf "$work"' EXIT

cd "$cache/packages"
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -n 1)
fetch() { # PACKAGE
  ls "$1"_*.deb >/dev/null 2>&1 || apt-get -qq -o APT::Sandbox::User=root download "$1"
}
fetch "$kernel"
fetch busybox-static
dpkg-deb -x "$(ls "$kernel"_*.deb | tail -n 1)" "$work/kernel"
dpkg-deb -x "$(ls busybox-static_*.deb | tail -n 1)" "$work/busybox"

# Debian 13 keeps modules under /usr/lib.
base=$work/kernel
[ -d "$base/lib/modules" ] || base=$base/usr
version=$(ls "$base/lib/modules")
depmod -b "$base" "$version"

root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,etc/acpi/PWRF,www/cgi-bin,modules}
cp "$(find "$work/busybox" -name busybox -type f -perm -u+x | head -n 1)" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
# The order modprobe would load them in, written down now so that the guest only has to insmod.
for module in $modules; do
  # No match: built into this kernel.
  modprobe -d "${base%/usr}" -S "$version" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p' || true
done | awk '!seen[$0]++' >"$work/order"
while read -r file; do
  name=$(basename "$file")
  case $name in
    *.xz) name=${name%.xz} && xz -dc "$file" >"$root/modules/$name" ;;
    *) cp "$file" "$root/modules/" ;;
  esac
  echo "/modules/$name" >>"$root/modules/order"
done <"$work/order"
printf '#!/bin/sh\npoweroff -f\n' >"$root/etc/acpi/PWRF/00000080"
chmod 755 "$root/etc/acpi/PWRF/00000080"
install -m 755 "$here/guest-init.sh" "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/guest/initrd.img"
cp "$work"/kernel/boot/vmlinuz-* "$cache/guest/vmlinuz"
printf '%s\n' "$stamp" >"$cache/guest/stamp"
