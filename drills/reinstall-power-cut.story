story A machine loses its power while its disk is being written
  What is on it cannot boot. The next try writes it whole.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
10s after reinstall.committed of h4: power loss of h4
expect h4 is running again within 400s
expect 2 reinstall.committed of h4
expect 1 reinstall.aborted of h4
