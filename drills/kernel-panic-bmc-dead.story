story A kernel dies and the machine boots again, faster than anything is proven
  It registers as a new life with nothing running. That is proof enough: its guests start at once, without any fence by
  power.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 2s

at 5s bmc of h1 is dead
at 5s kernel panic of h1
expect g1 runs again within 7s of the fault
expect h1 is running again within 8s of the fault
expect why g1 says "registered as life"
expect no fence
