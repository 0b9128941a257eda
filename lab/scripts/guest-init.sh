#!/bin/sh
# Init of a lab guest: answers HTTP on port 80 and appends to its disk about ten times a second.
#   /id.json          {"name","boot"}; boot changes with every start and with nothing else
#   /cgi-bin/state    the same, with uptime and what the writer does
#   /cgi-bin/do?WHAT  panic | crash-loop | hang | off | reboot
# Disk, in slots of 512 bytes: slot 0 belongs to the lab (CRASHLOOP: panic soon after each start); from slot 64 on, one
# record a slot. A starting guest finds the end of the records, leaves a gap of 64 to 127 slots (by its boot id) and goes
# on behind it, saying in each record where it found the end. So whatever a former instance still writes lands in that
# gap, where the checker (lab/writer-check.ts) finds it, and two that start at once do not hide each other.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module" 2>/dev/null; done </modules/order
for word in $(cat /proc/cmdline); do
  case $word in
    lab.name=*) name=${word#lab.name=} ;;
    lab.ip=*) address=${word#lab.ip=} ;;
  esac
done
gap=64
window=$((2 * gap + 1))
read -r boot </proc/sys/kernel/random/boot_id
hostname "$name"
ip link set lo up
ip addr add "$address" dev eth0
ip link set eth0 up

mkfifo /run/nap /run/records
exec 4<>/run/nap # never written to: `read -t` on it sleeps without a process

printf '{"name":"%s","boot":"%s"}\n' "$name" "$boot" >/www/id.json
cat >/www/cgi-bin/state <<'X'
#!/bin/sh
read -r up rest </proc/uptime
read -r id </www/id.json
read -r writer </www/writer
printf 'Content-Type: application/json\r\n\r\n%s,"uptime":%s,"writer":"%s"}\n' "${id%\}}" "$up" "$writer"
X
cat >/www/cgi-bin/do <<'X'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\nok\n'
what=$QUERY_STRING
(
  exec </dev/null >/dev/null 2>&1
  sleep 0.1
  case $what in
    panic) echo c >/proc/sysrq-trigger ;;
    crash-loop) printf '%-511s\n' CRASHLOOP | dd of=/dev/vda bs=512 count=1 conv=notrunc,fsync && echo c >/proc/sysrq-trigger ;;
    hang) kill -STOP -1 ;;
    off) poweroff -f ;;
    reboot) reboot -f ;;
  esac
) &
X
chmod 755 /www/cgi-bin/*
echo starting >/www/writer

slots=$(($(cat /sys/block/vda/size)))
first() { dd if=/dev/vda bs=512 skip="$1" count="$2" iflag=direct 2>/dev/null | tr -d '\0' | head -c 9; }

# Written slots have no hole as long as the window, so "is anything written in the window from here" is true up to the
# end and false behind it: halve.
find_end() {
  low=64
  [ -n "$(first 64 $window)" ] || return
  high=$slots
  while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    if [ -n "$(first $middle $window)" ]; then low=$middle; else high=$middle; fi
  done
  # Now the last written slot.
  low=$((low + 1))
}

httpd -p 80 -h /www
# It ends at once where it cannot open its log; then nobody would hear the power button.
acpid -l /dev/null 2>/dev/null
read -r up rest </proc/uptime
echo "guest $name answers, boot $boot, uptime $up" >/dev/console

if [ "$(first 0 1)" = CRASHLOOP ]; then
  sleep 1
  echo c >/proc/sysrq-trigger
fi

find_end
end=$low
slot=$((end + gap + 0x${boot%%-*} % gap))

# One dd for the life of the guest: every record it is fed is written at once, and synced below before the next.
dd of=/dev/vda bs=512 seek="$slot" iflag=fullblock conv=notrunc status=none </run/records &
writer=$!
exec 5>/run/records
echo "writing from $slot" >/www/writer
count=0
base=
read -r first_second </sys/class/rtc/rtc0/since_epoch
while [ $((slot + count)) -lt "$slots" ] && kill -0 "$writer" 2>/dev/null; do
  count=$((count + 1))
  read -r up rest </proc/uptime
  hundredths=$((1${up#*.} - 100))
  up=$((${up%.*} * 1000 + hundredths * 10))
  # The RTC shows the host's time in whole seconds; the moment it ticks gives the rest.
  if [ -z "$base" ]; then
    read -r second </sys/class/rtc/rtc0/since_epoch
    [ "$second" = "$first_second" ] || base=$((second * 1000 - up))
  fi
  printf '%-511s\n' "RK1 guest=$name boot=$boot end=$end slot=$((slot + count - 1)) count=$count up=$up wall=${base:+$((base + up))}" >&5
  read -r -t 0.1 nothing <&4
  sync -d /dev/vda
done
echo stopped >/www/writer
while :; do sleep 3600; done
