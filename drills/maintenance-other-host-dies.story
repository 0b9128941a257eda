story Another host dies while one is in maintenance
  The host in maintenance takes none of its guests.

hosts h1 h2 h3
leader h3
guests g1: on h2

at 5s operator: maintenance h1
expect h1 is maintenance within 2s
at 10s power loss of h2
expect g1 runs on h3 again within 5s of the fault
expect why g1 says "h1 excluded: maintenance"
