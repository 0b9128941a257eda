story A ticket that nobody uses runs out
  Who comes with it later is refused. The host stays as it was, and another ticket is as good as the first would have been.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1
cold start

at 0s power loss of h4
at 40s operator: ticket for h4 because "a new machine"
at 16min expect h4 is joining
at 16min h4 joins by hand
expect no host.enrolled of h4 for 5min
at 22min operator: ticket for h4 because "once more"
at 23min h4 joins by hand
expect h4 is running within 2min
