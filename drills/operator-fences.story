story A person fences a host that is well
  It is switched off, its guests start elsewhere, and it is switched on again.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s operator: fence h1 because "its fans are loud"
expect h1 is fencing within 1s
expect g1 runs on h2 or h3 again within 5s of the fault
expect h1 is running again within 60s
expect why g1 says "its fans are loud"
