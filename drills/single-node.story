story A single node, and its guest dies
  It votes alone and restarts the guest in place.

hosts h1
guests g1

at 5s kill g1
expect g1 runs on h1 again within 3s of the fault
expect 1 start
expect somebody leads
