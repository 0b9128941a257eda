story A voter that is to be installed anew is not
  Its registers would be lost with its disk, and a voter that forgot its word must not come back under its name. It waits,
  and says what a person can do.

hosts h1 h2
hosts h3: installable
leader h1
guests g1: on h3
host ladder: 0 power cycles, may be reinstalled

at 1s operator: publish image host 1
at 5s the disk of h3 is ruined
at 6s power loss of h3
expect g1 runs on h1 or h2 again within 8s
expect h3 is reinstalling within 8s
at 60s expect no reinstall.armed
at 61s operator: reinstall h3
expect the operator is told "is a voter" within 1s
