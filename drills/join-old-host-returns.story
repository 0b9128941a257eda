story The old machine comes back while another was to take its place
  Its life is counted like any other, and the ticket is void. Whoever shows it then is refused.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1
host ladder: 0 power cycles

at 5s power loss of h4
expect h4 is quarantined within 30s
at 60s operator: ticket for h4 because "its mainboard is dead"
at 70s switch on h4
expect h4 is running within 60s
at 140s h4 joins by hand
expect no host.enrolled of h4 for 60s
expect h4 is running
