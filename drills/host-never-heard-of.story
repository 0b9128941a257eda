story A host of the cluster file is missing at the first start
  The others wait for it for ten seconds and no longer. It has never run anything, so nothing is fenced for it.

hosts h1 h2 h3
guests g1 g2
guests g3: on h3
cold start

at 0s power loss of h3
expect nothing starts for 10s
expect g1 and g2 and g3 run on h1 or h2 within 30s
expect h3 is joining
expect no fence
at 60s switch on h3
expect h3 is running within 60s
