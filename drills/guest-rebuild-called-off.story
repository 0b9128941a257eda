story A guest whose disk a person would rather keep
  Its restarts are used up and a new disk is being made. An order to start it ends that: it starts on the disk it had.

hosts h1 h2 h3
guests g1: on h1, 0 restarts, 0 relocations, may be reinstalled

at 5s kill g1
expect g1 is reinstalling within 3s
at 10s operator: start g1
expect g1 runs again within 3s
at 120s expect g1 is running
expect no reinstall.succeeded
