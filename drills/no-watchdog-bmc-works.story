story A host without a watchdog loses its power
  Its lease proves nothing, its BMC does.

hosts h1: no watchdog
hosts h2 h3
leader h2
guests g1: on h1

at 5s power loss of h1
expect g1 runs on h2 or h3 again within 4s of the fault
expect why g1 says "(R2)"
