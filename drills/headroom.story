story The forecast warns before it is too late
  Losing one host, the others are full. The forecast says so, and takes it back when the host is in service again.

hosts h1 h2 h3: memory 4GiB
leader h2
guests g1 g2 g3 g4 g5: memory 1GiB
takes: a host boot 30s

at 0s expect there is headroom
at 5s power loss of h1
expect there is no headroom within 20s of the fault
expect there is headroom again within 60s of the fault
