story A single node loses its power and gets it back
  There is no other host to fence it or to move to. Its guests start when it is up again.

hosts h1
guests g1 g2
takes: a host boot 10s

at 5s power loss of h1 for 10s
expect g1 and g2 run on h1 again within 60s of the fault
expect h1 is running within 60s of the fault
