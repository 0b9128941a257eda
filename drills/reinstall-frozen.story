story The cluster is frozen while a host is being installed anew
  Its installer runs and asks whether it may write. It may not, however often it asks, before the freeze is over.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
2s after reinstall.ticketed of h4: operator: freeze because "look at h4 first"
expect no reinstall.committed
at 120s expect h4 is reinstalling
at 120s expect no reinstall.committed
at 121s operator: thaw
expect h4 is running again within 120s
