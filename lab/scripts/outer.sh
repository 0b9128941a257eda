#!/bin/bash
# The throw-away world of the lab. Everything the lab makes lives in namespaces that end with this script's child:
# no address, process, mount or name of it is seen by the machine, and none is left behind, however it ends.
#   outer.sh NODE SUPERVISOR ARGS...
set -u

# Two CPU groups, one for the lab's machinery and the daemons of its hosts, one for the guests (scripts/qemu.sh), so that
# guests never starve daemons, nor the kernel's own threads. Within a group niceness counts between all processes, which
# automatic session groups would undo. They are the one thing outside the namespaces, so they are removed here. Where
# they cannot be made, the lab goes without.
group() { # NAME V1-SHARES V2-WEIGHT
  if [ -w /sys/fs/cgroup/cpu/cgroup.procs ]; then
    mkdir -p "/sys/fs/cgroup/cpu/$1" && echo "$2" >"/sys/fs/cgroup/cpu/$1/cpu.shares" && made=/sys/fs/cgroup/cpu
  elif [ -w /sys/fs/cgroup/cgroup.procs ] && echo +cpu >/sys/fs/cgroup/cgroup.subtree_control; then
    mkdir -p "/sys/fs/cgroup/$1" && echo "$3" >"/sys/fs/cgroup/$1/cpu.weight" && made=/sys/fs/cgroup
  fi
} 2>/dev/null
# What a killed predecessor could not remove: groups of processes that are gone.
for old in /sys/fs/cgroup/{,cpu/}rekindle-lab*-*; do
  [ -d "/proc/${old##*-}" ] || rmdir "$old"
done 2>/dev/null
made=
# A bare machine, in the lab's own group, takes all that it is given: beside it guests must get the little that they need.
case ${3:-} in
  metal*) group rekindle-lab-guests-$$ 8192 800 ;;
  *) group rekindle-lab-guests-$$ 1024 100 ;;
esac
group rekindle-lab-$$ 8192 800
if [ -n "$made" ]; then
  echo $BASHPID >"$made/rekindle-lab-$$/cgroup.procs"
  export LAB_GUESTS=$made/rekindle-lab-guests-$$
fi

# Standard input is kept for the background: its end is how an attached lab learns that its terminal is gone.
exec 3<&0
# It dies with this script, and its child with it: nothing of the lab lives on where nobody would find it.
setpriv --pdeathsig KILL unshare -m -n -p -f --mount-proc --kill-child bash -c '
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 run /run
  mkdir -p /run/netns
  "$@"
' outer "$@" <&3 3<&- &
world=$!
trap 'kill -KILL $world' INT TERM HUP
wait $world
wait $world 2>/dev/null

if [ -n "$made" ]; then
  echo $BASHPID >"$made/cgroup.procs"
  for try in 1 2 3 4 5 6 7 8 9 10; do
    rmdir "$made"/rekindle-lab{,-guests}-$$ && break
    sleep 0.1
  done
fi 2>/dev/null
exit 0
