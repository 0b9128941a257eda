story A blocked host turns out to be alive
  It was only cut off, nothing could prove it stopped, and its guests stayed paused on it. Back on the network it finds
  itself blocked, destroys its guests and joins as a new life. Then they start, once.

hosts h1: no watchdog, no bmc
hosts h2 h3
leader h2
guests g1: on h1

at 5s isolate h1 for 60s
expect g1 is paused within 4s
expect h1 is blocked within 10s
expect nothing starts for 59s
at 64s expect h1 is blocked
expect h1 is running again within 65s
expect g1 runs again within 68s
expect no reset
