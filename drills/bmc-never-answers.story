story A host cannot be switched on
  After as many tries as its ladder allows it is quarantined, and a person decides.

hosts h1 h2 h3
leader h2
guests g1: on h1
host ladder: 3 tries to switch on, 1 power cycle

at 5s bmc of h1 is dead
at 5s power loss of h1
expect h1 is quarantined within 2min of the fault
expect 3 power-on.failed of h1
