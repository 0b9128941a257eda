story Every third message arrives twice, and a host is lost
  A command that comes twice is carried out once.

hosts h1 h2 h3
leader h2
guests g1 g2 g3: on h1

at 2s bad network with 30% duplicates for 60s
at 5s power loss of h1
expect g1 and g2 and g3 run on h2 or h3 again within 5s of the fault
expect 3 starts
