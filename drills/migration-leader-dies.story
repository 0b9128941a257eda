story The leader dies in the middle of a migration
  The next leader finds the migration in the log and asks both ends. The guest has arrived, and no start is needed.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 5s

at 5s operator: migrate g1 to h2
at 7s power loss of h3
expect g1 runs on h2 within 20s of the fault
expect g1 is running within 30s of the fault
expect g1 runs without a break
expect no start
