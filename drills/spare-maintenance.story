story A spare in maintenance is needed
  Whoever put it there may be in its midst: it stays off until its maintenance ends. Then it is called.

hosts h1 h2 h3: memory 4GiB
hosts h4: memory 4GiB, spare
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
takes: a host boot 10min

at 3s operator: maintenance h4
at 4s the disk of h1 is ruined
at 5s power loss of h1
expect g1 is blocked within 5s of the fault
at 60s expect h4 is maintenance
expect h4 is off
expect no spare.called
at 61s operator: end maintenance h4
expect h4 is restarting or rejoining within 3s of the fault
