story The log has no leader when a host dies
  Suspicion, block and power off do not wait for it. Grant and start do, and the guest runs as soon as the log is back.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s the log stalls for 8s
at 6s power loss of h1
expect h1 is off within 1s
expect nothing starts for 6900ms
expect g1 runs on h2 or h3 again within 10s of the fault
