story A daemon stands still for good while its guests run
  Nobody renews the lease of that host, so it is fenced although its guests are well, and they start elsewhere.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s pause the daemon of h1 for 60s
expect g1 runs on h2 or h3 again within 8s of the fault
expect 1 fence of h1
expect h1 is running again within 90s
