story A host that is switched on and never comes back
  After the time to rejoin it is cut off and switched on once more. Then it is quarantined.

hosts h1 h2 h3
leader h2
guests g1: on h1
host ladder: 2 power cycles, back within 30s
takes: a host boot 1h

at 5s power loss of h1
expect g1 runs on h2 or h3 again within 4s
expect h1 is rejoining within 5s
expect 2 power-on.succeeded of h1 within 60s
expect h1 is quarantined within 90s
