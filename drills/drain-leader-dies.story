story The leader dies while a host is being emptied
  The next one reads in the log that it is to be emptied, and goes on.

hosts h1 h2 h3 h4
voters h1 h3 h4
leader h3
guests g1 g2 g3 g4 g5: on h1

at 5s operator: maintenance h1
when migration.succeeded: power loss of h3
expect 1 election within 5s of the fault
expect h1 is maintenance within 60s of the fault
expect g3 and g4 and g5 run without a break
expect every guest runs
