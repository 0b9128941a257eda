story The leader dies when a machine that joins was enrolled
  Its keys are in the log, so the next leader knows it. It is tested by that one before it gets a guest.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: only on h4
cold start

at 0s power loss of h4
at 40s operator: ticket for h4 because "a new machine"
at 60s h4 joins by hand
when host.enrolled of h4: power loss of the leader
expect h4 is qualifying within 60s
expect g1 runs on h4 within 60s
expect 1 host.enrolled of h4
expect at least 1 qualify.succeeded of h4
