story Every host is rebooted, one after the other
  Each is put into maintenance first, and its guest moves away by itself. No guest is interrupted.

hosts h1 h2 h3
leader h1
guests g1: on h1
guests g2: on h2
takes: a host boot 10s

at 5s operator: maintenance h1
expect h1 is maintenance within 10s
at 20s kernel panic of h1
expect h1 is maintenance again within 40s
at 70s operator: end maintenance h1
at 75s operator: maintenance h2
expect h2 is maintenance within 10s
at 90s kernel panic of h2
expect h2 is maintenance again within 40s
at 140s operator: end maintenance h2
expect every guest runs without a break
expect h1 and h2 and h3 are running within 10s
expect no start
