story A BMC is dead, and the two outlets behind it cut the power
  Outlets take the BMC's power too, so they are asked only when it has not done it. Only both together are a proof.

hosts h1: a bmc then two outlets, no watchdog
hosts h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is dead
at 5s isolate h1
expect why h1 says "outlet 1 of h1 and outlet 2 of h1"
expect g1 runs on h2 or h3 again within 10s of the fault
