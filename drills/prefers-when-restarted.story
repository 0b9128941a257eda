story A guest that is placed anew prefers its own host
  It failed over to another host. When that one is lost too, it goes back to the host it prefers.

hosts h1 h2 h3
leader h3
guests g1: on h1
guests g2: on h3
takes: a host boot 20s

at 5s power loss of h1
expect g1 runs on h2 again within 5s of the fault
at 60s power loss of h2
expect g1 runs on h1 again within 5s of the fault
expect why g1 says "its preferred host"
