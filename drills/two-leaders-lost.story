story The leader dies, and then the next leader
  Three of five voters remain, and a third one leads on.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g6: on h6
takes: a host boot 60s

at 5s power loss of the leader
2s after leader.elected: power loss of the leader
expect h1 and h2 and h3 and h4 and h5 are running within 120s of the fault
expect somebody leads
expect g6 runs without a break
at 140s expect every node agrees
