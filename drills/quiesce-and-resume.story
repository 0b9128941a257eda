story A host without BMC is cut off too briefly to be fenced
  The cluster is frozen while the switch is worked on. Its guests pause before its lease ends and go on with the next one.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s operator: freeze because "switch firmware"
at 10s isolate h1 for 30s
expect g1 and g2 are paused within 4s of the fault
expect g1 and g2 run on h1 again within 33s of the fault
expect the log says "h1 paused its guests for" within 33s of the fault
expect no reset
expect no start
