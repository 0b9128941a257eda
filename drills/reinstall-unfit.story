story A host that was installed anew cannot run guests
  It is tested before it gets any. It fails twice, is started once more from nothing but its disk, fails twice again, and is
  installed again, until it is given up. All the while it gets no guest.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 4s starts on h4 fail for 20min
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect h4 is qualifying within 250s
at 21min expect at least 4 qualify.failed of h4
at 21min expect at least 2 reinstall.armed of h4
at 21min expect no start of h4
at 21min expect h4 is quarantined
