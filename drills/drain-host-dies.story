story A host dies in the middle of being emptied
  Who has left it runs on. Who was on the way or had not left is recovered like the guests of any host that is lost. It
  comes back into maintenance, not into service.

hosts h1 h2 h3
leader h3
guests g1 g2 g3 g4: on h1
takes: a host boot 20s

at 5s operator: maintenance h1
when migration.succeeded: power loss of h1
expect every guest runs again within 8s of the fault
expect h1 is maintenance again within 40s of the fault
at 60s operator: end maintenance h1
expect h1 is running within 2s
