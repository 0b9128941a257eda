story Two hosts cannot reach each other, all others reach both
  Every message also travels over a second server, so nobody falls silent.

hosts h1 h2 h3
leader h1
guests g1: on h1
guests g2: on h2

at 5s cut both ways from h1 to h2 for 60s
expect every guest runs without a break
expect no fence for 70s
expect somebody leads within 70s
expect no reset
