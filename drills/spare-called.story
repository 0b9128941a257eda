story A host is lost and nobody has room for its guests
  A spare is switched on, once the lost host is proven stopped, and its guests run there.

hosts h1 h2 h3: memory 4GiB
hosts h4: memory 4GiB, spare
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 3GiB
takes: a host boot 20s

at 1s expect h4 is spare
at 4s expect h4 is off
at 4s the disk of h1 is ruined
at 5s power loss of h1
expect fence.proven of h1 before spare.called of h4
expect g1 runs on h4 again within 30s of the fault
expect h4 is running within 30s of the fault
expect the log says "h4, a spare, is needed by g1"
expect g2 and g3 run without a break
