story A host boots while it is off the network, and is reconnected later
  It joins as a new life with the first lease it gets. From then on it is heard, so nobody suspects it.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 10s

at 5s isolate h1 for 60s
expect g1 runs on h2 or h3 again within 5s of the fault
expect 1 suspicion of h1 for 80s
expect 1 fence for 80s
expect h1 is running again within 65s of the fault
