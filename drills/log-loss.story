story The log forgets its last entries
  Every node has them in its journal. They are stored again, byte for byte, and the log tells of it.

hosts h1 h2 h3
leader h2
guests g1: on h1
guests g2: on h2

at 5s operator: stop g1
at 10s the log loses its last 3 entries
at 11s operator: step down
expect the log says "the log lost entries" within 30s
expect g1 runs nowhere
expect every node agrees within 40s
expect g2 runs without a break
