story A host loses its storage
  Its guests stop with an I/O error. They are seen gone there and start where the storage is reachable.

hosts h1 h2 h3
leader h2
guests g1: on h1
guests g2: on h2

at 5s storage loss of h1 for 5min
expect g1 runs on h2 or h3 again within 60s of the fault
expect g2 runs without a break
expect no fence
