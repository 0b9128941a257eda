story The daemon dies before anybody has heard its report
  A guest has crashed, the leader cannot be reached, and the daemon that saw it gone is killed. The next one knows that it
  is still to be told.

hosts h1 h2 h3
leader h2
profile standard
guests g1: on h1

at 5s isolate h1 for 1900ms
at 5100ms kill g1
at 5300ms kill the daemon of h1
expect no suspicion for 60s
expect g1 runs nowhere for 1500ms
at 10s expect g1 runs
