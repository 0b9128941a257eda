story A host loses its network while its BMC still answers
  It is switched off before its guests start elsewhere, so they never run twice.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s isolate h1 for 20s
expect g1 and g2 run on h2 or h3 again within 4s of the fault
expect why g1 says "(R2)"
expect h1 is running again within 90s
expect 2 starts
