story A host hears nobody, though nothing would keep the others from hearing it
  A host without answers has no lease, and says so. It is no better off than a dead one.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 40s

at 5s cut from h2 and h3 to h1 for 30s
expect g1 runs on h2 or h3 again within 8s of the fault
expect 1 fence of h1
expect h1 is running again within 90s
