story A guest's QEMU dies
  It starts again in place, at once. Nothing else happens.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h1

at 5s kill g1
expect g1 is restarting within 1s
expect g1 runs on h1 again within 3s of the fault
expect g2 runs without a break
expect why g1 says "where it was"
expect 1 start
