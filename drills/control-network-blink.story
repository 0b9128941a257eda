story The network between all nodes is gone for two seconds
  No lease ends, so nothing is paused, fenced or started.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2

at 5s control network down for 2s
expect every guest runs without a break
expect no fence for 20s
expect no reset
expect nothing starts for 20s
