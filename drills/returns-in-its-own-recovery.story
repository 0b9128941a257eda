story A host returns in the middle of its own recovery
  Its power comes back while it is being fenced, and the machine boots into the recovery of its own guests. They run
  once, and it joins as a new life.

hosts h1 h2 h3
leader h2
guests g1 g2 g3: on h1
takes: a host boot 3s

at 5s bmc of h1 is slow
at 5s power loss of h1 for 1s
expect g1 and g2 and g3 run again within 15s of the fault
expect h1 is running again within 90s of the fault
