story The log forgets its last entries while the leader goes on
  The leader has them in its journal. It stores them again and goes on deciding.

hosts h1 h2 h3
leader h2
guests g1: on h1
guests g2: on h2

at 5s operator: stop g1
at 10s the log loses its last 2 entries
at 15s kill g2
expect g2 runs on h2 again within 15s
expect g1 runs nowhere
expect the log says "the log lost entries"
at 40s expect every node agrees
