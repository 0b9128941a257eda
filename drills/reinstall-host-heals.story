story A host that was to be installed anew comes back by itself
  It ignores the network and boots from its disk, which is whole. It is heard of before anything is given up, so nothing is
  written, and it serves again as it did.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 0 power cycles, may be reinstalled

at 1s operator: publish image host 1
at 5s the next 1 network boot of h4 ends at its disk
at 6s power loss of h4
expect h4 is reinstalling within 3s
expect h4 is running again within 60s
expect no reinstall.committed
expect no qualify.succeeded
expect the log does not say "was reinstalled"
