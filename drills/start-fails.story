story A host cannot start a guest
  The host is the likelier cause, so the guest is tried elsewhere first.

hosts h1 h2 h3
guests g1: on h1, stopped at first

at 5s starts on h1 fail for 60s
at 6s operator: start g1
expect g1 runs on h2 or h3 within 5s
expect g1 is running within 5s
expect the log says "g1 did not start on h1"
