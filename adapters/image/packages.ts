/** What a host is made of, and what of it is left out. */
export const KERNELS = ['generic', 'cloud'] as const;
export type Kernel = (typeof KERNELS)[number];

export const KERNEL_PACKAGES: Readonly<Record<Kernel, string>> = {
  generic: 'linux-image-amd64',
  cloud: 'linux-image-cloud-amd64',
};

/** No ssh server, no shell login anywhere: the host is reinstalled, not repaired. */
export const BASE_PACKAGES: readonly string[] = [
  ...['systemd-sysv', 'systemd-timesyncd', 'udev', 'dbus', 'kmod', 'initramfs-tools', 'zstd'],
  ...['iproute2', 'iputils-ping', 'procps', 'e2fsprogs', 'fdisk', 'util-linux-extra', 'tar'],
  ...['libvirt-daemon-system', 'libvirt-clients', 'libvirt-daemon-driver-qemu', 'qemu-system-x86', 'qemu-utils'],
  ...['openssl', 'ca-certificates', 'curl', 'ipmitool'],
];

/** Patterns of dpkg: nothing that a machine without people reads, and no data of programs that are not run. */
export const LEFT_OUT: readonly string[] = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/i18n/*',
  '/usr/share/lintian/*',
  '/usr/share/bash-completion/*',
  '/usr/share/zsh/*',
  '/usr/share/iso-codes/*',
  '/usr/share/xml/iso-codes/*',
  '/usr/share/gtk-doc/*',
  // Character sets of before Unicode.
  ...[
    'IBM*',
    'EBCDIC*',
    'EUC*',
    'ISO-2022*',
    'BIG5*',
    'GB*',
    'lib*',
    'SJIS*',
    'SHIFT*',
    'UHC*',
    'JOHAB*',
    'TSCII*',
  ].map((name) => `/usr/lib/x86_64-linux-gnu/gconv/${name}`),
];

/** Removed afterwards, for installing them is needed by the scripts of packages: paths with shell patterns. */
export const PRUNED: readonly string[] = [
  ...['var/cache/apt/*', 'var/lib/apt/lists/*', 'var/cache/debconf/*-old', 'var/lib/dpkg/*-old', 'var/log/*.log'],
  ...['var/log/apt', 'var/cache/ldconfig/aux-cache', 'var/lib/systemd/random-seed', 'var/lib/dbus/machine-id'],
  ...['etc/hostname', 'etc/resolv.conf', 'etc/.pwd.lock', 'etc/motd'],
  // Names of hardware, that udev would look up for each device.
  ...['usr/lib/udev/hwdb.d', 'usr/lib/udev/hwdb.bin', 'etc/udev/hwdb.bin'],
  // One emulator, for x86-64 guests; libvirt asks each that it finds for its abilities, which takes seconds.
  ...['usr/libexec/qemu-system-i386', 'usr/bin/qemu-system-i386', 'usr/bin/qemu-system-x86_64-microvm'],
  ...['usr/bin/qemu-storage-daemon', 'usr/bin/qemu-io', 'usr/share/qemu/skiboot.lid', 'usr/share/qemu/openbios-*'],
  ...['usr/share/qemu/*.dtb', 'usr/share/qemu/u-boot*', 'usr/share/qemu/opensbi*', 'usr/share/qemu/hppa*'],
  ...['usr/share/qemu/slof*', 'usr/share/qemu/palcode*', 'usr/share/qemu/s390*', 'usr/share/qemu/qemu_vga.ndrv'],
  // Of libvirt: a network with a random address, and dnsmasq for it.
  ...['etc/libvirt/qemu/networks/default.xml', 'etc/libvirt/qemu/networks/autostart/default.xml'],
  ...['usr/share/misc/enterprise-numbers.txt', 'boot/System.map-*', 'boot/config-*', 'initrd.img*', 'vmlinuz*'],
];

/** Kernel modules that no host of virtual machines loads, below lib/modules/VERSION/kernel. */
export const MODULES_PRUNED: readonly string[] = [
  ...['sound', 'drivers/gpu', 'drivers/media', 'drivers/staging', 'drivers/bluetooth', 'drivers/isdn'],
  ...['drivers/net/wireless', 'drivers/net/can', 'drivers/net/hamradio', 'drivers/iio', 'drivers/comedi'],
  ...['drivers/input/joystick', 'drivers/input/touchscreen', 'drivers/nfc', 'drivers/mtd', 'drivers/gnss'],
  ...['net/bluetooth', 'net/wireless', 'net/mac80211', 'net/can', 'net/nfc', 'net/hamradio', 'net/ax25'],
  ...['fs/btrfs', 'fs/smb', 'fs/ceph', 'fs/ocfs2', 'fs/reiserfs', 'fs/jfs', 'fs/f2fs', 'fs/ntfs3', 'fs/nilfs2'],
  ...['fs/gfs2', 'fs/ubifs', 'fs/jffs2', 'fs/hfs', 'fs/hfsplus', 'fs/afs', 'fs/nfsd', 'fs/affs', 'fs/udf'],
];
