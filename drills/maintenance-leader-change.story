story A new leader is elected while a host in maintenance is off
  The survey does not wait for it, for its lease has proven it stopped: a guest that is lost then is started.

hosts h1 h2 h3 h4
voters h2 h3 h4
leader h3
guests g1: on h2
takes: a host boot 5min

at 5s operator: maintenance h1
at 20s power loss of h1
at 60s operator: step down
at 62s kill g1
expect g1 runs again within 5s
expect h1 is off
expect no power-on.succeeded
