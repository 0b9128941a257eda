story The disk of a voter takes a third of a second for each write
  A block is one write of a register that was not so high before; asked again, the voter answers at once. The lost host is
  proven stopped with a little delay.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s slow disk of h3 with 300ms a write for 60s
at 10s power loss of h1
expect g1 runs on h2 or h3 again within 10s of the fault
