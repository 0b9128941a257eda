story Every daemon is restarted, one after the other
  Leaders change, guests do not notice.

hosts h1 h2 h3
leader h1
guests g1: on h1
guests g2: on h2
guests g3: on h3

at 5s kill the daemon of h1
at 20s kill the daemon of h2
at 35s kill the daemon of h3
expect every guest runs without a break
expect no fence
expect no start
expect somebody leads within 10s
expect every node agrees
