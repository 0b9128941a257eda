story The whole cluster loses its power, and one host does not come back
  The two that are back wait for a proof about the third. Its BMC gives it, and then its guest starts elsewhere.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2
guests g3: on h3
takes: a host boot 20s

at 5s power loss of h1 and h2 for 60s
at 5s power loss of h3
expect g1 and g2 run again within 120s of the fault
expect g3 runs on h1 or h2 again within 120s of the fault
expect why g3 says "h3 is proven stopped"
