story Somebody on the wire shows the ticket of a machine a second time
  Which of the two is the machine nobody can say. So this try is over before anything is written, somebody is told, and the
  next try has another ticket.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 4s the next ticket of h4 is stolen
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect the log says "somebody else holds the ticket of h4" within 150s
expect h4 is running again within 400s
expect 1 reinstall.replayed of h4
expect 2 reinstall.booted of h4
