story A guest crashes whenever it starts
  Three times it is started again in place, then elsewhere twice, with longer and longer pauses. Then it has failed, and a
  person decides.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h1

at 5s the next 20 starts of g1 crash
expect g1 is relocating within 30s of the fault
expect g1 is failed within 60s of the fault
expect 5 starts of g1 for 90s
expect why g1 says "all its restarts are used up, a person decides"
expect g2 runs without a break
