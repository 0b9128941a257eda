story A guest that may run on one host only
  No other host is tried. It starts when that host is back.

hosts h1 h2 h3
leader h2
guests g1: only on h1
takes: a host boot 30s

at 5s power loss of h1
expect g1 is blocked within 5s of the fault
at 10s expect why g1 says "not among its hosts"
expect g1 runs on h1 again within 60s of the fault
