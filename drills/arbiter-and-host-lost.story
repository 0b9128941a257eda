story The arbiter is away when a host is lost
  One of three votes remains, so nothing can be proven and nothing starts; the last host pauses its guests. When the
  arbiter is back they go on, and those of the lost host start elsewhere.

hosts h1 h2
arbiters a1
leader h2
guests g1: on h1
guests g2: on h2

at 5s isolate a1 for 60s
at 15s power loss of h1
expect g2 is paused within 5s of the fault
expect nothing starts for 50s
expect g2 runs on h2 again within 55s of the fault
expect g1 runs on h2 again within 60s of the fault
expect no reset
