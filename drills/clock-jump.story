story The wall clock of the leader jumps a day ahead, and that of a host back
  Leases count no wall time. Nothing is suspected, nothing starts.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s clock of h2 jumps 24h ahead
at 6s clock of h1 jumps 24h back
expect g1 runs without a break
expect no suspicion for 30s
expect no reset
at 30s kill g1
expect g1 runs on h1 again within 5s
