story Not every guest has room after a host is lost
  The ones of high priority start first. Those without room are blocked with the reason, and start when the host is back.

hosts h1 h2 h3: memory 4GiB
leader h2
guests g1: on h1, memory 2GiB, priority 100
guests g2: on h1, memory 2GiB, priority 900
guests g3: on h2, memory 2GiB
guests g4 g5: on h3, memory 2GiB
takes: a host boot 30s

at 0s expect there is no headroom
at 5s power loss of h1
expect g2 runs on h2 again within 5s of the fault
expect g1 is blocked within 5s of the fault
at 10s expect why g1 says "needs 2048 MiB, 0 MiB free"
expect g1 runs on h1 again within 50s of the fault
expect g3 and g4 and g5 run without a break
