story A guest is to move where there is no room for it
  It stays, and the reason is given.

hosts h1
hosts h2 h3: memory 1GiB
leader h3
guests g1: on h1, memory 4GiB

at 5s operator: migrate g1 to h2
expect the log says "needs 4096 MiB" within 5s
expect g1 runs without a break
expect g1 is running
