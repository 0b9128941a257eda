story The times of the wan profile
  Ten seconds without the network are nothing; a lost host with a dead BMC costs its guests about a minute.

profile wan
hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s control network down for 10s
expect g1 runs without a break
expect no fence for 30s
at 60s power loss of h1
at 60s bmc of h1 is dead
expect g1 runs on h2 or h3 again within 80s of the fault
