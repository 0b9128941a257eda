story The leader stands still for good right after it has appended a grant to itself
  It neither starts the guest nor renews its lease. It is fenced too, and the guest goes to a third host.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g1: on h1, only on h1 h3 h6
guests g6: on h6

at 5s power loss of h1
when guest.granted of g1: pause the daemon of the leader for 60s
expect g1 runs on h6 again within 12s of the fault
expect 1 fence of h3
expect 1 start
