story The leader is told to step down in the middle of a recovery
  Its successor takes it up. It costs a second or two and nothing else.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s power loss of h1
when host.suspected of h1: operator: step down
expect g1 and g2 run on h2 or h3 again within 6s of the fault
expect 2 starts
