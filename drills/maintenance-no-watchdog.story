story A host in maintenance without a watchdog falls silent
  Nothing but its power could prove it stopped, and that is not cut. It is read, and read as off it is proof enough.

hosts h1: no watchdog
hosts h2 h3
leader h3
takes: a host boot 5min

at 5s operator: maintenance h1
at 20s power loss of h1
expect h1 is maintenance again within 5s
expect why h1 says "its power is left alone"
expect no power-on.succeeded for 60s
