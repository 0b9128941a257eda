story Two of three hosts lose their power
  The last one alone is no majority: it starts nothing and pauses its own guest. When one of the two is back, leases
  return, and everything runs again.

hosts h1 h2 h3
leader h3
guests g1: on h1
guests g2: on h2
guests g3: on h3
takes: a host boot 10s

at 5s power loss of h1 and h2
expect g3 is paused within 5s of the fault
expect nothing starts for 60s
at 65s expect nobody leads
at 66s switch on h1
expect g1 and g2 and g3 run again within 60s of the fault
expect no reset of h3
