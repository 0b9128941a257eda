story A link goes away and comes back three times a second
  Each loss costs more than it lasts: what was under way waits until its sender tries again. So the host is silent for
  longer than a second and is fenced, and its guest runs elsewhere, once.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s link of h1 flaps every 300ms for 30s
expect g1 runs on h2 or h3 again within 15s of the fault
expect 1 start for 90s
expect h1 is running again within 2min
