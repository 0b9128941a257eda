story A guest that never stops
  After five tries it is blocked: a host is not fenced for the sake of one guest. A person fences the host, and the guest
  starts elsewhere; the healthy guest beside it moves too.

hosts h1 h2 h3
guests g1: on h1, probed every 1s
guests g2: on h1

at 5s guests of h1 are stuck for 1h
at 10s g1 hangs
expect g1 is blocked within 4min of the fault
at 100s expect why g1 says "a person is needed: fence its host"
expect g2 runs without a break
expect no fence
at 300s operator: fence h1 because "g1 cannot be stopped"
expect g1 and g2 run on h2 or h3 again within 5s
until 320s
