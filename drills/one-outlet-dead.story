story One of a host's two outlets cannot be switched
  The other is off, and the host runs on: that is no proof. Its lease is.

hosts h1: two outlets
hosts h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is dead
at 5s isolate h1
expect h1 is fenced within 10s of the fault
expect why h1 says "its lease ran out"
expect g1 runs on h2 or h3 again within 10s of the fault
