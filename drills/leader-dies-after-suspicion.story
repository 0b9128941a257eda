story The leader dies right after it has suspected a host
  The block is out, the suspicion is in the log, and the next leader goes on where this one stopped.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g1: on h1

at 5s power loss of h1
when host.suspected of h1: power loss of the leader
expect h1 and h3 are restarting or rejoining or fenced within 10s of the fault
expect g1 runs on h2 or h4 or h5 or h6 again within 10s of the fault
