story A guest hangs
  Its agent answers no more. It is stopped, seen gone, and started again.

hosts h1 h2 h3
guests g1: on h1, probed every 1s

at 10s g1 hangs
expect g1 is running again within 15s of the fault
expect stop.succeeded of g1 before start.succeeded of g1
expect why g1 says "does not answer"
