story A new leader reads an end of the log that is old
  Its first entry does not fit behind that end, so it reads on before it decides anything.

hosts h1 h2 h3
leader h1
guests g1: on h1

at 4s reads of the log are 3s old for 60s
at 5s power loss of h1
expect g1 runs on h2 or h3 again within 15s of the fault
expect 1 start
expect every node agrees within 70s
