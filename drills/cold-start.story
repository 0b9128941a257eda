story Every machine is switched on for the first time
  A leader is elected, takes the cluster file into the log, and starts every guest where it prefers to run.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2, priority 900
guests g3: on h3
cold start

expect somebody leads within 10s
expect g1 runs on h1 within 15s
expect g2 runs on h2 within 15s
expect g3 runs on h3 within 15s
expect guest.granted of g2 before guest.granted of g1
expect there is headroom within 20s
expect every node agrees
