story A link goes away and comes back three times a second
  No silence is long enough to be a suspicion. Nothing is fenced or started.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s link of h1 flaps every 300ms for 30s
expect g1 runs without a break
expect no fence
expect nothing starts for 40s
