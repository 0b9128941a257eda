story Two hosts are to be installed anew, and one at a time may be
  The second waits for the first, and a third for the next day.

hosts h1 h2 h3
hosts h4 h5 h6: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 0 power cycles, may be reinstalled
installation: 1 at once, 2 a day

at 1s operator: publish image host 1
at 5s the disk of h4, h5 and h6 is ruined
at 6s power loss of h4
at 8s power loss of h5
expect h4 and h5 are reinstalling within 5s
at 30s expect why h5 says "pending: reinstall"
expect h4 is running again within 200s
expect h5 is running again within 290s
expect reinstall.succeeded of h4 before reinstall.armed of h5
at 300s power loss of h6
expect h6 is reinstalling within 5s
at 1200s expect h6 is reinstalling
expect 2 reinstall.armed
at 1201s operator: reinstall h6
expect the operator is told "reinstalling already" within 1s
