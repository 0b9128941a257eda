story Clocks run as differently as is assumed, and a host is lost without its BMC
  Its lease is waited out by the slowest clock, and no guest ever runs twice.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 1s clock of h1 runs 0.25% slow
at 1s clock of h2 runs 0.25% fast
at 60s bmc of h1 is dead
at 60s isolate h1 for 60s
expect g1 is paused within 4s
expect g1 runs on h2 or h3 again within 8s of the fault
expect no reset
