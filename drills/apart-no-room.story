story Two guests that must not share a host, and only one host is left for both
  The second one stays down rather than break the rule. It starts when a host is back.

hosts h1 h2
arbiters a1
leader h2
guests g1: on h1, apart from g2
guests g2: on h2
takes: a host boot 60s

at 5s power loss of h1
expect g1 is blocked within 5s of the fault
expect why g1 says "to be kept apart from g2"
expect g1 runs on h1 again within 70s of the fault
expect g2 runs without a break
