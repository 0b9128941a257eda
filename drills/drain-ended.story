story The maintenance of a host ends while it is being emptied
  Whoever has left stays away, whoever is on the way arrives, and nobody else leaves.

hosts h1 h2 h3
leader h3
guests g1 g2 g3 g4 g5: on h1

at 5s operator: maintenance h1
when guest.granted of g1: operator: end maintenance h1
expect h1 is running within 1s of the fault
expect 2 migration.succeeded for 30s
expect g3 and g4 and g5 run on h1
expect every guest runs without a break
