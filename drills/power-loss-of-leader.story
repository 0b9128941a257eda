story The host that leads loses its power
  Another node is elected, knows of the silence already, and recovers the guests. One election is enough.

hosts h1 h2 h3
leader h1
guests g1 g2: on h1
guests g3: on h3

at 5s power loss of h1
expect h2 or h3 lead within 3s of the fault
expect g1 and g2 run on h2 or h3 again within 5s of the fault
expect g3 runs without a break
expect 1 election
