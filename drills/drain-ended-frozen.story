story The cluster is frozen while a host is being emptied, and its maintenance ends before it is thawed
  Nobody leaves while it is frozen, and nobody has reason to leave afterwards.

hosts h1 h2 h3
leader h3
guests g1 g2 g3 g4: on h1

at 5s operator: maintenance h1
when migration.succeeded: operator: freeze
expect at most 2 migration.succeeded for 20s
at 40s operator: end maintenance h1
at 45s operator: thaw
expect at most 2 migration.succeeded for 20s
expect h1 is running
expect every guest runs without a break
