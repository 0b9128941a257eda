story A host stands still for less than the time to suspect it
  Nobody suspects it, its guests run on where they are.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s h1 stands still for 700ms
expect no suspicion for 10s
expect g1 runs on h1
expect no start
