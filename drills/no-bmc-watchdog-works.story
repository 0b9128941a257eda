story A host without a BMC loses its power
  Its lease proves it stopped, and a person has to switch it on.

hosts h1: no bmc
hosts h2 h3
leader h2
guests g1: on h1

at 5s power loss of h1
expect g1 runs on h2 or h3 again within 8s of the fault
expect why g1 says "(R3)"
at 60s switch on h1
expect h1 is running within 60s
