story A guest dies while the cluster is frozen
  Its restart waits for the thaw.

hosts h1 h2 h3
guests g1: on h1

at 5s operator: freeze
at 10s kill g1
expect nothing starts for 30s
at 41s operator: thaw
expect g1 runs on h1 again within 3s
