story The log stalls, a host dies, and a storm follows before the log is back
  The first host is proven stopped while the log stalls, which needs no log. The storm brake then leaves the others alone, and yet
  the guest of the first one starts as soon as its proof can be stored.

hosts h1 h2 h3 h4 h5 h6
voters h4 h5 h6
leader h4
guests g1: on h1
guests g2: on h2
guests g3: on h3
guests g4: on h6

at 5s the log stalls for 8s
at 5s operator: stop g4
at 5s power loss of h1
at 8s isolate h2 and h3 for 30s
expect the brake is on within 6s of the fault
expect brake.applied before host.suspected of h1
expect g1 runs on h4 or h5 or h6 again within 6s of the fault
expect no fence.proven of h2
expect no fence.proven of h3
expect g2 and g3 run again within 32s of the fault
