story A spare in service loses its power
  It is lost like any other host: suspected, fenced and proven stopped before its guest starts elsewhere.

hosts h1 h2 h3 h4 h5 h6: memory 4GiB
hosts h7 h8: memory 4GiB, spare
voters h3 h4 h5
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
guests g4: on h4, memory 4GiB
guests g5: on h5, memory 4GiB
guests g6: on h6, memory 4GiB
takes: a host boot 20s

at 4s the disk of h1 is ruined
at 5s power loss of h1
expect g1 runs on h7 again within 40s of the fault
at 60s the disk of h7 is ruined
at 61s power loss of h7
expect host.suspected of h7 before spare.called of h8
expect fence.proven of h7 before spare.called of h8
expect g1 runs on h8 again within 40s of the fault
expect h7 is restarting or rejoining
