story All guests of a host die at once
  The host is well, so they start again where they were.

hosts h1 h2 h3
leader h2
guests g1 g2 g3: on h1

at 5s kill every guest
expect g1 and g2 and g3 run on h1 again within 3s of the fault
expect 3 starts
expect no fence
