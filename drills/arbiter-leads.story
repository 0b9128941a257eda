story The arbiter leads when a host is lost
  It may lead though it runs no guests.

hosts h1 h2
arbiters a1
leader a1
guests g1: on h1

at 5s power loss of h1
expect g1 runs on h2 again within 5s of the fault
expect a1 leads
