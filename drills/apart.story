story Two guests that must not share a host, and one of their hosts is lost
  The one that moves goes where the other is not.

hosts h1 h2 h3
leader h3
guests g1: on h1, apart from g2
guests g2: on h2

at 5s power loss of h1
expect g1 runs on h3 again within 5s of the fault
expect g1 and g2 are on different hosts
expect why g1 says "to be kept apart from g2"
