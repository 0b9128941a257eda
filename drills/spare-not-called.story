story A host is lost and the others have room for its guests
  The spare stays off, is not suspected, not fenced and not switched on. Nor does a new leader's survey wait for it.

hosts h1 h2 h3
hosts h4: spare
leader h3
guests g1 g2: on h1
takes: a host boot 20s

at 5s power loss of h1
expect g1 and g2 run on h2 or h3 again within 5s of the fault
at 50s operator: step down
at 52s kill g1
expect g1 runs again within 5s
expect h4 is spare for 20s
expect h4 is off
expect no spare.called
expect no power-on.succeeded of h4
expect no host.suspected of h4
