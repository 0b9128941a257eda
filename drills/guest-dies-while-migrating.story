story A guest dies while it is being moved
  Its source says that it is gone, and it starts anew.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 10s

at 5s operator: migrate g1 to h2
at 8s kill g1
expect g1 runs on h1 or h2 or h3 again within 20s of the fault
expect g1 is running within 20s of the fault
expect 1 start
