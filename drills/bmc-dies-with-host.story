story A host loses its power and its BMC with it, for an hour
  It cannot be switched on. That is tried again, ever more seldom, and costs it no power cycle: when somebody has replaced
  the power supply it is switched on and comes back by itself.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is dead for 1h
at 5s power loss of h1
expect g1 runs on h2 or h3 again within 8s of the fault
at 30min expect h1 is fenced or restarting
at 30min expect why h1 says "could not be switched on"
at 30min expect at most 20 power-on.failed of h1
at 67min expect h1 is running
