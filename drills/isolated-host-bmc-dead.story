story A host loses its network and cannot be switched off
  It pauses its guests before its lease ends, so its watchdog need not reset it. Elsewhere they start when the lease has
  ended. Back on the network it destroys the old instances and joins as a new life.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s bmc of h1 is dead for 60s
at 5s isolate h1 for 30s
expect g1 and g2 run nowhere within 4s of the fault
expect g1 and g2 run on h2 or h3 again within 8s of the fault
expect why g1 says "(R3)"
expect h1 is running again within 35s of the fault
expect no reset
expect 2 starts
