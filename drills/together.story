story Two guests that belong on one host, and it is lost
  They start on one host again, though another one has less to do.

hosts h1 h2 h3
leader h3
guests g1: on h1, together with g2
guests g2: on h1
guests g3: on h2

at 5s power loss of h1
expect g1 and g2 run on h2 or h3 again within 5s of the fault
expect g1 and g2 are on one host
expect the log says "together with g1"
