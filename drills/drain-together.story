story A host is to be emptied of guests that belong together
  One by one they would be apart, so they stay and it is said. Stopped and started again they run together elsewhere.

hosts h1 h2 h3
leader h3
guests g1: on h1, together with g2
guests g2: on h1
guests g3: on h1

at 5s operator: maintenance h1
expect g3 runs on h2 or h3 within 10s
expect the log says "g1 stays (TOGETHER), it belongs together with g2" within 10s
expect g1 and g2 run on h1
expect g3 runs without a break
at 30s operator: stop g1 g2
expect h1 is maintenance within 20s
at 60s operator: start g1 g2
expect g1 and g2 are on one host within 5s
expect g1 and g2 run on h2 or h3
