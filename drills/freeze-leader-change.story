story The leader of a frozen cluster dies
  The next leader finds the freeze in the log and keeps it. The guests of the dead host wait for the thaw.

hosts h1 h2 h3
leader h1
guests g1: on h1
guests g2: on h2

at 5s operator: freeze because "work on the switch"
at 10s power loss of h1
expect h2 or h3 lead within 5s of the fault
expect the cluster is frozen
expect nothing starts for 30s
expect g2 runs without a break
at 41s operator: thaw
expect g1 runs on h2 or h3 again within 5s
