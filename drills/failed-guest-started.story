story A failed guest is mended and started by a person
  Its budget begins anew.

hosts h1 h2 h3
guests g1: on h1, 1 restart, 0 relocations

at 5s the next 2 starts of g1 crash
expect g1 is failed within 20s of the fault
at 40s operator: start g1
expect g1 is failed within 20s
at 80s operator: start g1
expect g1 runs within 5s
expect g1 is running within 5s
