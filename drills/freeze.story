story A host dies while the cluster is frozen
  It is seen and written down, and nothing is done until a person thaws the cluster.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s operator: freeze because "switch firmware"
expect the cluster is frozen within 2s
at 10s power loss of h1
expect h1 is suspect within 3s of the fault
expect no fence for 60s
expect nothing starts for 60s
expect why cluster says "switch firmware"
at 71s operator: thaw
expect g1 runs on h2 or h3 again within 5s
