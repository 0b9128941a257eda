story A daemon stands still for two seconds
  The nats-server of its host still answers, which excuses a silence of that length. Nothing is fenced.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s pause the daemon of h1 for 2s
expect g1 runs without a break
expect no fence for 20s
expect no reset
