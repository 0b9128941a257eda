story A person freezes the cluster in the middle of a recovery
  The host is proven stopped already, but its guest waits for the thaw.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is dead
at 5s power loss of h1
when host.suspected of h1: operator: freeze
expect the cluster is frozen within 2s of the fault
expect nothing starts for 30s
at 40s operator: thaw
expect g1 runs on h2 or h3 again within 10s
