story A guest crashes while its host is in doubt
  The host was cut off for a moment while the cluster was frozen. It tells of the crash when it is heard again, and after
  the thaw the guest starts, once.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s operator: freeze
at 6s isolate h1 for 2s
at 7s kill g1
expect h1 is running again within 4s
expect nothing starts for 10s
at 20s operator: thaw
expect g1 runs on h1 again within 5s
expect 1 start
