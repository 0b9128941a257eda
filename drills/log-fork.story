story The log forks
  An entry is lost that two nodes have folded, and the others elect a leader that writes another one in its place. Nobody
  can tell which was acted upon, so the cluster is frozen until a person has looked. Guests run on.

hosts h1 h2 h3 h4 h5
leader h2
guests g3: on h3
guests g4: on h4

at 5s pause the daemon of h3 and h4 and h5 for 900ms
at 5100ms operator at h2: stop g3
20ms after guest.ordered of g3: the log loses its last 1 entry
60ms after guest.ordered of g3: pause the daemon of h1 and h2 for 2200ms
expect at least 1 log.fork-detected within 10s
expect the cluster is frozen within 10s
expect g4 runs without a break
expect nothing starts for 30s
expect why cluster says "differ at entry"
