story The leader dies having given out the ticket
  Nobody knows whether the machine has it, and it is given out once. The machine starts nothing, its time runs out, and the
  next try has a ticket of its own.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
when reinstall.ticketed of h4: kill the daemon of the leader
expect h4 is running again within 400s
expect 2 reinstall.ticketed of h4
expect 1 reinstall.committed of h4
expect g1 is down for at most 4s
