#!/bin/bash
# PID 1 of a private host: its own mounts, network, names and processes, and a libvirtd that sees nothing else.
# Usage: hostinit.sh DIRECTORY UUID
S=$1
mount --make-rprivate /
hostname "host-${2: -2}"
mkdir -p "$S"/{etc,lib,log,cache,dev}
# Without /dev/kvm: libvirtd would probe it, and guests run in TCG everywhere alike.
mount -t tmpfs -o mode=755 dev "$S/dev"
for d in null zero full random urandom tty; do touch "$S/dev/$d" && mount --bind "/dev/$d" "$S/dev/$d"; done
mkdir -p "$S"/dev/{pts,shm,net}
touch "$S/dev/net/tun" && mount --bind /dev/net/tun "$S/dev/net/tun"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$S/dev/pts" && ln -s pts/ptmx "$S/dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$S/dev/shm"
ln -s /proc/self/fd "$S/dev/fd"
mount --rbind "$S/dev" /dev
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/libvirt /run/lock
for p in etc:/etc/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt; do
  mount --bind "$S/${p%:*}" "${p#*:}"
done
ip link set lo up
cat >/etc/libvirt/qemu.conf <<X
user = "root"
group = "root"
security_driver = "none"
security_default_confined = 0
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
seccomp_sandbox = 0
keepalive_interval = 1
keepalive_count = 3
capability_filters = [ "cpu-unavailable-features" ]
X
cat >/etc/libvirt/libvirtd.conf <<X
host_uuid = "$2"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
X
# As the test wants it, or plain TCP.
if [ -e "$S/libvirtd.conf" ]; then
  cat "$S/libvirtd.conf"
else
  printf '%s\n' 'listen_tls = 0' 'listen_tcp = 1' 'auth_tcp = "none"'
fi >>/etc/libvirt/libvirtd.conf
export HOME=/root
start() { libvirtd --listen >>/var/log/libvirt/libvirtd.log 2>&1 & }
trap start USR1
start
while :; do sleep 3600 & wait $!; done
