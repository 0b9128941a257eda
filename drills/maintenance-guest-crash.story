story A guest crashes on a host in maintenance
  It is started on another host, not where it was.

hosts h1 h2 h3
leader h3
guests g1: on h1

at 5s operator: maintenance h1 keeping guests
at 6s kill g1
expect g1 runs on h2 or h3 again within 10s of the fault
expect h1 is maintenance within 10s of the fault
