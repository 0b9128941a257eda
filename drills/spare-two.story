story Two hosts are lost and two spares are needed
  Both are called, for one guest each, and a third stays off.

hosts h1 h2 h3 h4 h5 h6: memory 4GiB
hosts h7 h8 h9: memory 4GiB, spare
voters h3 h4 h5
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
guests g4: on h4, memory 4GiB
guests g5: on h5, memory 4GiB
guests g6: on h6, memory 4GiB
takes: a host boot 20s

at 4s the disk of h1 and h2 is ruined
at 5s power loss of h1 and h2
expect g1 and g2 run on h7 or h8 again within 30s of the fault
expect g1 and g2 are on different hosts
expect h9 is spare
expect h9 is off
