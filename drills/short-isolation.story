story A host is off the network for a moment, and its own link stays up
  What was under way gets through when its sender tries again. Nobody acts on it.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s cut from h1 to h2 and h3 for 300ms
at 5s cut from h2 and h3 to h1 for 300ms
expect no suspicion for 10s
expect g1 runs without a break
