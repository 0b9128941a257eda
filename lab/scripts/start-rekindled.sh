#!/bin/bash
# The one line that starts Rekindle on a lab node; before it, a wall clock that can be stepped, once a fault asked for that.
if [ -e "$HOME_DIR/clock" ]; then
  # Steps are seen within two seconds. Clocks that only run forward are left alone, and so are the daemon's children.
  LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1) FAKETIME_TIMESTAMP_FILE=$HOME_DIR/clock
  export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_CACHE_DURATION=1 FAKETIME_DONT_FAKE_MONOTONIC=1
  clock='--import=data:text/javascript,delete%20process.env.LD_PRELOAD'
fi
exec node ${clock:-} "$PROJECT/daemon/rekindled.ts" --node "$1" --cluster /etc/rekindle/cluster.yaml \
  --state /var/lib/rekindle --run /run/rekindle
