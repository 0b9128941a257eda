story Two hosts and an arbiter, and one host is lost
  The arbiter is the third vote, so the other host goes on and takes over the guests.

hosts h1 h2
arbiters a1
leader h2
guests g1: on h1
guests g2: on h2

at 5s power loss of h1
expect g1 runs on h2 again within 5s of the fault
expect g2 runs without a break
expect h1 is running again within 60s
