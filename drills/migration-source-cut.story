story The source is cut off in the middle of a migration
  It pauses the guest before its lease ends, or is switched off. Wherever the guest ends up, it runs once.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 10s

at 5s operator: migrate g1 to h2
at 8s bmc of h1 is dead for 60s
at 8s isolate h1 for 60s
expect g1 runs on h2 or h3 again within 7s of the fault
expect no reset
expect h1 is running again within 70s of the fault
