story A guest is ordered to stop while it is moving
  The migration is carried to its end, and then it is stopped where it is.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 10s

at 5s operator: migrate g1 to h2
at 8s operator: stop g1
expect g1 is stopped within 30s of the fault
expect g1 runs nowhere
expect no start
