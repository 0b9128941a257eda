story A guest that does not run cannot be moved
  The operator is told so, and nothing is written.

hosts h1 h2 h3
guests g1: on h1

at 5s operator: stop g1
at 10s operator: migrate g1 to h2
expect the operator is told "g1 is stopped" within 2s
expect no guest.migration-requested
