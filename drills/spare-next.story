story The switch of a spare does not answer when it is called
  The next spare is called for the same guest. The first goes the way of any host that cannot be switched on.

hosts h1 h2 h3: memory 4GiB
hosts h4 h5: memory 4GiB, spare
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
takes: a host boot 20s

at 4s bmc of h4 is dead
at 4s the disk of h1 is ruined
at 5s power loss of h1
expect power-on.failed of h4 before spare.called of h5
expect g1 runs on h5 again within 60s of the fault
expect h4 is off
