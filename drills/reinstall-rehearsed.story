story The installation of a host is rehearsed, and then it is rescued
  Everything is done but the writing. Afterwards the host is as it was.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h1

at 1s operator: publish image host 1
at 2s operator: maintenance h4
at 5s operator: rehearse the installation of h4 because "before the real one"
expect h4 is maintenance again within 120s
at 130s operator: rescue h4 because "look at its disk"
expect h4 is maintenance again within 120s
expect 2 reinstall.left of h4
expect no reinstall.committed
