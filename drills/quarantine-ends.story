story A quarantined host is mended and switched on by hand
  Once its daemon joins it is in service again.

hosts h1 h2 h3
leader h2
guests g1: on h1
host ladder: 0 power cycles
takes: a host boot 10s

at 5s power loss of h1
expect h1 is quarantined within 4s
at 60s switch on h1
expect h1 is running within 15s
expect g1 runs on h2 or h3
