story An installer stands still while it writes
  The leader misses its progress, ends the try, and the machine is booted anew. What was written half cannot boot.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 4s the next 1 installer on h4 hangs
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect the log says "no progress for" within 200s
expect h4 is running again within 400s
expect 1 reinstall.aborted of h4
expect 2 reinstall.committed of h4
