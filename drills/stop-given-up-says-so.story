story A guest that never stops says for how long it will what a person can do
  It is tried again once a minute, and the advice to fence its host stays beside it. When it can be stopped after all, it
  is, and started again.

hosts h1 h2 h3
guests g1: on h1, probed every 1s

at 5s guests of h1 are stuck for 6min
at 10s g1 hangs
expect g1 is blocked within 4min of the fault
at 300s expect why g1 says "a person is needed: fence its host"
at 8min expect g1 runs
