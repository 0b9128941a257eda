story The nats-server of the leader's node is down for a minute
  Every node speaks over two servers, so nothing falls silent.

hosts h1 h2 h3
leader h2
guests g1: on h1
guests g2: on h2

at 5s nats-server of h2 is down for 60s
expect every guest runs without a break
expect no fence for 70s
expect no reset
