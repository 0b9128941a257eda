story The disk of a voter takes a tenth of a second for each write
  The lease is renewed in memory, so nothing falls silent, and a lost host is recovered with a little delay.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s slow disk of h3 with 100ms a write for 60s
at 10s power loss of h1
expect g1 runs on h2 or h3 again within 10s of the fault
expect 1 fence
