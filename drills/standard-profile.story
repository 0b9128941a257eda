story The times of the standard profile
  A lost host with a dead BMC costs its guests about as long as a lease lasts.

profile standard
hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s power loss of h1
at 5s bmc of h1 is dead
expect h1 is suspect within 6s of the fault
expect g1 runs on h2 or h3 again within 20s of the fault
