story The maintenance of a host ends while it is off
  It is wanted back, so it is switched on like any other.

hosts h1 h2 h3
leader h3
takes: a host boot 20s

at 5s operator: maintenance h1
at 20s power loss of h1
at 30s expect h1 is maintenance
at 90s expect h1 is off
at 90s operator: end maintenance h1
expect h1 is restarting or rejoining within 2s
expect h1 is running again within 30s of the fault
