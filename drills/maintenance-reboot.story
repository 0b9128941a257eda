story A host in maintenance is rebooted by its operator
  It is empty, and whoever services it may be in the middle of something that a power cut would ruin. Its silence costs
  it nothing: it is proven stopped by its lease alone, nobody switches it off or on, and it comes back into maintenance.

hosts h1 h2 h3
leader h3
guests g1: on h2
takes: a host boot 3min

at 5s operator: maintenance h1
at 20s kernel panic of h1
expect why h1 says "its power is left alone" within 3s
expect h1 is maintenance within 10s
at 60s expect h1 is maintenance
at 60s expect why h1 says "in maintenance and empty: its power is left alone"
at 230s expect h1 is on
at 230s expect h1 is maintenance
expect no power-on.succeeded
expect no guest.granted
expect g1 runs without a break
at 230s operator: end maintenance h1
expect h1 is running within 2s
