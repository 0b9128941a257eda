story A host dies in maintenance while it still has guests
  Its guests start elsewhere like those of any host that is lost. It comes back into maintenance, not into service.

hosts h1 h2 h3
leader h3
guests g1 g2: on h1
takes: a host boot 20s

at 5s operator: maintenance h1 keeping guests
at 6s power loss of h1
expect g1 and g2 run on h2 or h3 again within 5s of the fault
expect h1 is maintenance again within 40s of the fault
at 60s operator: end maintenance h1
expect h1 is running within 2s
