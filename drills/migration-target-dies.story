story The target dies in the middle of a migration
  The guest runs on at the source, without a break.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 10s

at 5s operator: migrate g1 to h2
at 8s power loss of h2
expect g1 is running within 3s of the fault
expect g1 runs on h1
expect g1 runs without a break
expect no start
