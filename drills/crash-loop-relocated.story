story A guest crashes on its host and runs well elsewhere
  Started in vain twice on its host, it starts on another one, where the crashes are over.

hosts h1 h2 h3
guests g1: on h1, 2 restarts

at 5s the next 2 starts of g1 crash
expect g1 runs on h2 or h3 again within 20s of the fault
expect why g1 says "it failed there lately"
expect g1 is running
until 20s
