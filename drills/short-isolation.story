story A host is off the network for less than a second
  Nobody acts on it.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s isolate h1 for 700ms
expect no suspicion for 10s
expect g1 runs without a break
