story Two voters are lost, and a host that is no voter speaks over its own server
  Every node runs a nats-server, so losing two others costs it no lease. Nobody suspects it.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g6: on h6
takes: a host boot 10min

at 5s power loss of h1
at 70s power loss of h2
expect g6 runs without a break
expect no suspicion of h6
until 90s
