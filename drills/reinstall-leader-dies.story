story The leader dies at every step of a reinstallation
  What each has written the next one goes on from. No step is done twice: the machine asks again, and is answered by
  whoever leads then. A ticket that was given out and not handed over costs a try.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
when reinstall.armed of h4: kill the daemon of the leader
when reinstall.booted of h4: kill the daemon of the leader
when reinstall.committed of h4: kill the daemon of the leader
10s after reinstall.committed of h4: kill the daemon of the leader
when reinstall.sealed of h4: kill the daemon of the leader
when reinstall.left of h4: kill the daemon of the leader
when host.enrolled of h4: kill the daemon of the leader
when host.joined of h4: kill the daemon of the leader
expect h4 is running again within 300s
expect 1 reinstall.committed of h4
expect 1 host.enrolled of h4
expect every node agrees within 10s
