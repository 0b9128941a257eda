story The source dies after it has handed the guest over, and before the leader hears of it
  Once the source is proven stopped the target is asked, and has it. Nothing is started.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 3s

at 5s operator: migrate g1 to h2
at 7500ms pause the daemon of h1 for 60s
at 8200ms power loss of h1
expect g1 is running within 2s of the fault
expect g1 runs on h2
expect g1 runs without a break
expect fence.proven of h1 before migration.succeeded of g1
expect no start
