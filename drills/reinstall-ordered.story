story A person has a host installed anew, and another stops it in time
  It is in maintenance and empty, and alive. The first order is vetoed while it is announced: nothing is done to the host.
  After the second it is proven stopped, installed, tested, and stays in maintenance.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4

at 1s operator: publish image host 1
at 2s operator: reinstall h4 because "new kernel"
expect the operator is told "put it into maintenance first" within 1s
at 5s operator: maintenance h4
expect h4 is maintenance within 10s
at 20s operator: reinstall h4 because "new kernel"
at 25s operator: veto the installation of h4
expect h4 is maintenance for 20s
expect no fence of h4
at 50s operator: reinstall h4 because "new kernel, this time"
expect h4 is reinstalling within 12s
expect h4 is qualifying within 150s
expect h4 is maintenance within 160s
at 220s operator: veto the installation of h4
expect the operator is told "not about to be reinstalled" within 1s
expect 1 fence of h4
expect 1 reinstall.committed
expect g1 runs without a break
