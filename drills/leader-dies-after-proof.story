story The leader dies right after it has written a proof
  The proof stands in the log, so its successor asks for no second one.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g1: on h1

at 5s power loss of h1
when fence.proven of h1: power loss of the leader
expect g1 runs on h2 or h4 or h5 or h6 again within 10s of the fault
expect 1 fence of h1
