story The arbiter of two hosts is lost
  Two votes of three remain. Nothing moves, nothing is fenced.

hosts h1 h2
arbiters a1
guests g1: on h1
guests g2: on h2

at 5s power loss of a1 for 60s
expect every guest runs without a break
expect no fence
expect no start
at 80s expect somebody leads
expect every node agrees
