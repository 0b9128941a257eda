story A guest's kernel panics
  Its instance is ended and started again in place.

hosts h1 h2 h3
guests g1: on h1

at 5s panic of g1
expect g1 runs on h1 again within 3s of the fault
expect the log says "g1 on h1 panicked"
