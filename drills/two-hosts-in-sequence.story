story A second host dies right after it has taken in a guest of the first
  Both are recovered, and the guest moves on a second time.

hosts h1 h2 h3 h4 h5 h6
voters h2 h3 h4 h5 h6
leader h6
guests g1: on h1, only on h1 h2 h3

at 5s power loss of h1
when start.succeeded of g1: power loss of the host of g1
expect g1 runs on h2 or h3 again within 6s of the fault
expect 2 starts
