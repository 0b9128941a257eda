story Nothing that a host sends arrives, though it hears everybody
  A host that is not heard is lost, whatever it hears.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s cut from h1 to h2 and h3 for 30s
expect g1 runs on h2 or h3 again within 8s of the fault
expect 1 fence of h1
expect h1 is running again within 90s
