story A host is put into maintenance
  Empty, it takes no guest, even if that is the one the guest prefers, until the maintenance is ended.

hosts h1 h2 h3
leader h3
guests g1: on h1, stopped at first

at 5s operator: maintenance h1
expect h1 is maintenance within 2s
at 10s operator: start g1
expect g1 runs on h2 or h3 within 5s
expect why g1 says "h1 excluded: maintenance"
at 20s operator: end maintenance h1
expect h1 is running within 2s
