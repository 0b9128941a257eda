story The target of a migration is cut off, and the source goes on sending
  Once the target is proven stopped by its lease, the source is told to end the migration. So it notices at once when the
  guest dies afterwards.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 55s

at 5s operator: migrate g1 to h2
at 8s bmc of h2 is dead for 60s
at 8s isolate h2 for 60s
expect g1 is running within 8s of the fault
expect g1 runs on h1
expect g1 runs without a break
at 20s kill g1
expect g1 runs on h1 again within 2s of the fault
