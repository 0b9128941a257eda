story A host falls silent and comes back while the cluster is frozen
  Nothing blocked it, so it is simply heard again.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s operator: freeze
at 10s isolate h1 for 10s
expect h1 is suspect within 3s of the fault
expect h1 is running again within 13s of the fault
expect g1 runs on h1 again within 13s of the fault
at 30s operator: thaw
expect no fence
expect no start
expect no reset
