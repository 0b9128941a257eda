story A host returns, and its guests stay where they are
  A guest that runs is not moved without need. A person may move it back, alive.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 20s

at 5s power loss of h1
expect g1 runs on h2 or h3 again within 5s of the fault
expect h1 is running again within 40s of the fault
at 60s expect g1 runs on h2 or h3
at 60s operator: migrate g1 to h1
expect g1 runs on h1 within 10s
expect 1 start
