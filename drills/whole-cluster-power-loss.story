story The whole cluster loses its power
  When it is back, every host joins as a new life with nothing running, and every guest starts again where it was.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2
guests g3: on h3
takes: a host boot 20s

at 5s power loss of every node for 60s
expect somebody leads within 90s of the fault
expect g1 and g2 and g3 run again within 110s of the fault
expect h1 and h2 and h3 are running within 110s of the fault
expect 3 starts
