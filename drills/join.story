story A machine that a person has installed joins by its ticket
  It gets a guest once it is tested and not before. A second machine that shows the same ticket is given nothing, and nobody touches the power of the first.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: only on h4
cold start

at 0s power loss of h4
at 2s the next ticket of h4 is stolen
expect h4 is joining for 30s
at 40s operator: ticket for h4 because "a new machine"
expect at least 1 join.offered of h4 within 2s
expect g1 is blocked for 15s
at 60s h4 joins by hand
expect h4 is qualifying within 60s
expect h4 is running within 60s
expect g1 runs on h4 within 60s
expect 1 host.enrolled of h4
expect no power-on.succeeded of h4
