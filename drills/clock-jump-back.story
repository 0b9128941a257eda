story The wall clock of the leader jumps a day ahead, and is put right
  What counts tries within an hour goes by the time that passes from entry to entry. The hour passes all the same, and a
  host that is lost again after it is switched on again.

hosts h1 h2 h3
leader h2
guests g1: on h1
host ladder: 1 power cycle

at 5s clock of h2 jumps 24h ahead
at 6s kill g1
at 10s clock of h2 jumps 24h back
at 30s power loss of h1
expect h1 is running again within 1min of the fault
at 70min power loss of h1
expect h1 is running again within 1min of the fault
