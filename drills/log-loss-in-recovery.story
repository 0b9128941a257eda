story The log forgets a grant that was acted upon
  The leader dies with it. The next one stores the lost entries again before it decides anything, so the guest is not
  placed twice.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g1: on h1

at 5s power loss of h1
when start.succeeded of g1: the log loses its last 2 entries
when start.succeeded of g1: power loss of the leader
expect the log says "the log lost entries" within 20s
expect g1 runs within 20s
at 40s expect every node agrees
