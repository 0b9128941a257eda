story The BMC of a blocked host answers again
  A host without a watchdog is blocked while its BMC is dead. The proof is tried every ten seconds, so it recovers by
  itself once the BMC answers.

hosts h1: no watchdog
hosts h2 h3
leader h2
guests g1: on h1

at 5s power loss of h1
at 5s bmc of h1 is dead
expect h1 is blocked within 15s
at 60s bmc of h1 is alive
expect g1 runs on h2 or h3 within 20s
expect why g1 says "(R2)"
expect h1 is running within 90s
