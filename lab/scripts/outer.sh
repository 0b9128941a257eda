#!/bin/bash
# The throw-away world of the lab. Everything the lab makes lives in namespaces that end with this script's child:
# no address, process, mount or name of it is seen by the machine, and none is left behind, however it ends.
#   outer.sh NODE SUPERVISOR ARGS...
set -u

# One CPU group for the whole lab: within a group, niceness counts between all processes (automatic session groups
# would undo it). The one thing outside the namespaces, so it is removed here. Without the right to: it goes without.
group=
if [ -w /sys/fs/cgroup/cpu/cgroup.procs ]; then
  group=/sys/fs/cgroup/cpu/rekindle-lab weight=cpu.shares value=8192
elif [ -w /sys/fs/cgroup/cgroup.procs ] && echo +cpu >/sys/fs/cgroup/cgroup.subtree_control; then
  group=/sys/fs/cgroup/rekindle-lab weight=cpu.weight value=800
fi 2>/dev/null
if [ -n "$group" ]; then
  mkdir -p "$group" && echo "$value" >"$group/$weight" && echo $BASHPID >"$group/cgroup.procs"
fi 2>/dev/null

unshare -m -n -p -f --mount-proc --kill-child bash -c '
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 run /run
  mkdir -p /run/netns
  "$@"
' outer "$@" &
world=$!
trap 'kill -KILL $world' INT TERM HUP
wait $world
wait $world 2>/dev/null

if [ -n "$group" ]; then
  echo $BASHPID >"${group%/rekindle-lab}/cgroup.procs"
  for try in 1 2 3 4 5 6 7 8 9 10; do
    rmdir "$group" 2>/dev/null && break
    sleep 0.1
  done
fi 2>/dev/null
exit 0
