story A host is cut off and its guests cannot be paused
  What is not seen paused is not petted for: the watchdog resets the host before its lease ends.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 30s

at 4s bmc of h1 is dead
at 5s guests of h1 are stuck for 60s
at 5s isolate h1 for 20s
expect 1 reset of h1 within 6s of the fault
expect g1 runs on h2 or h3 again within 8s of the fault
expect h1 is running again within 90s
