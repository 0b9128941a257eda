story A guest is moved to wherever placement chooses
  The emptiest host is taken, never the one it leaves.

hosts h1 h2 h3
leader h3
guests g1: on h1
guests g2 g3: on h2

at 5s operator: migrate g1
expect g1 runs on h3 within 10s
expect g1 runs without a break
