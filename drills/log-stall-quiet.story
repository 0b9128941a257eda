story The log has no leader for a minute
  Leases do not travel through it, so nothing is suspected, paused or reset.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2

at 5s the log stalls for 60s
expect every guest runs without a break
expect no suspicion for 80s
expect no reset
