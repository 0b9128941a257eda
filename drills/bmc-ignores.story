story A BMC says yes and does nothing
  Its word is no proof, only the readings are. They say on, so the lease is waited out.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 ignores commands
at 5s isolate h1 for 60s
expect g1 runs on h2 or h3 again within 8s of the fault
expect why g1 says "(R3)"
expect 1 start for 50s
