story A bad day on the network
  Two of a hundred packets are lost and the others come late or twice. Nobody is fenced for that.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2

at 5s bad network with 2% loss, 5% duplicates, 20ms delay, 30ms jitter for 60s
expect every guest runs without a break
expect no fence for 65s
expect no start
