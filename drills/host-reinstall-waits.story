story A host whose power cycles are used up and that may be reinstalled
  It is to be installed from nothing, and that always waits for a person. Its guests do not.

hosts h1 h2 h3
leader h2
guests g1: on h1
host ladder: 0 power cycles, may be reinstalled

at 5s power loss of h1
expect g1 runs on h2 or h3 again within 4s
expect h1 is reinstalling within 4s
at 60s expect h1 is reinstalling
expect why h1 says "pending: reinstall"
