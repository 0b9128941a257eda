story A second of five hosts dies within a minute of the first
  More than one host of five within a minute counts as a storm, so the second one waits for the first to be back, or for
  a person who releases the brake.

hosts h1 h2 h3 h4 h5
leader h5
guests g1: on h1
guests g2: on h2
takes: a host boot 5min

at 5s power loss of h1
expect g1 runs on h2 or h3 or h4 or h5 again within 5s
at 20s power loss of h2
expect the brake is on within 3s of the fault
expect nothing starts for 10s
at 31s operator: release the brake
expect g2 runs on h3 or h4 or h5 again within 5s
