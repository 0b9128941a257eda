#!/bin/bash
# Process 1 of a lab node: the boot of one machine. Its end is the end of everything that runs there.
#   hostinit.sh NAME NUMBER host|arbiter yes|no     the last: run Rekindle
# From the lab: HOME_DIR and LOG_DIR (what outlives boots), CACHE_DIR, PROJECT, NODE_BIN, LAB_GUESTS (CPU group, or empty).
name=$1 number=$2 kind=$3 rekindle=$4
renice -n 0 -p $$ >/dev/null
mount --make-rprivate /
hostname "$name"

# A /dev of its own, without kvm: libvirtd would hang probing it.
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/dev/{pts,shm,net,mqueue}
dev=/run/dev
for one in null zero full random urandom tty net/tun; do
  touch "$dev/$one"
  mount --bind "/dev/$one" "$dev/$one"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dev/pts"
ln -s pts/ptmx "$dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$dev/shm"
ln -s /proc/self/fd "$dev/fd"
ln -s /proc/self/fd/0 "$dev/stdin"
ln -s /proc/self/fd/1 "$dev/stdout"
ln -s /proc/self/fd/2 "$dev/stderr"
mount --rbind "$dev" /dev
mkdir -p /run/lab/guests
[ -z "$LAB_GUESTS" ] || mount --bind "$LAB_GUESTS" /run/lab/guests
# A /sys of this network namespace, without cgroups: libvirt does not look for any then.
mount -t sysfs sysfs /sys

mkdir -p /run/{libvirt,lock} /var/lib/rekindle /etc/rekindle /var/log/rekindle
mount --bind "$HOME_DIR/boot-id" /proc/sys/kernel/random/boot_id
mount --bind "$HOME_DIR/state" /var/lib/rekindle
mount --bind "$HOME_DIR/etc" /etc/rekindle
mount --bind "$LOG_DIR" /var/log/rekindle
touch /run/watchdog.sock
mount --bind "$HOME_DIR/watchdog.sock" /run/watchdog.sock
cp "$HOME_DIR/../../hosts.txt" /run/lab/hosts
mount --bind /run/lab/hosts /etc/hosts
export HOME=/root PATH=$PROJECT/lab/scripts/host-bin:$PROJECT/.tools:$NODE_BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

if [ "$kind" = host ]; then
  mkdir -p "$HOME_DIR"/libvirt/{etc,lib,log} "$CACHE_DIR/libvirt/$name"
  for one in "$HOME_DIR/libvirt/etc:/etc/libvirt" "$HOME_DIR/libvirt/lib:/var/lib/libvirt" \
    "$HOME_DIR/libvirt/log:/var/log/libvirt" "$CACHE_DIR/libvirt/$name:/var/cache/libvirt"; do
    mount --bind "${one%%:*}" "${one#*:}"
  done
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
# One question instead of four hundred about the CPU: a start takes 50 ms instead of 230.
capability_filters = [ "cpu-unavailable-features" ]
X
  cat >/etc/libvirt/libvirtd.conf <<X
host_uuid = "77000000-0000-4000-8000-0000000000$number"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
listen_addr = "0.0.0.0"
X
  # From other hosts it is reached as one that was installed from an image; without Rekindle it has no keys for that.
  if [ "$rekindle" = yes ]; then
    cat "$PROJECT/packaging/image/etc/libvirt/libvirtd.conf"
  else
    printf '%s\n' 'listen_tls = 0' 'listen_tcp = 1' 'auth_tcp = "none"'
  fi >>/etc/libvirt/libvirtd.conf
  # As a package would: libvirtd looks for hooks only when it starts.
  mkdir -p /etc/libvirt/hooks/qemu.d
  sed 's#@RUN@#/run/rekindle#' "$PROJECT/adapters/libvirt/hook/qemu" >/etc/libvirt/hooks/qemu.d/rekindle
  chmod 755 /etc/libvirt/hooks/qemu.d/rekindle
fi

# Restarted when it ends, as systemd would.
if [ "$rekindle" = yes ]; then
  while :; do
    nice -n -10 "$PROJECT/lab/scripts/start-rekindled.sh" "$name" >>/var/log/rekindle/rekindled.log 2>&1 </dev/null
    sleep 0.05
  done &
fi
if [ "$kind" = host ]; then
  systemctl start libvirtd
fi
while :; do
  wait
  sleep 3600 &
done
