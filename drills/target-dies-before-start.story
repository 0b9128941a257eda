story The chosen host dies right after it was granted a guest
  It is proven stopped as well before the guest goes to the next one.

hosts h1 h2 h3 h4 h5 h6
voters h2 h3 h4 h5 h6
leader h6
guests g1: on h1, only on h1 h2 h3
guests g3: on h3

at 5s power loss of h1
when guest.granted of g1: power loss of h2
expect g1 runs on h3 again within 6s of the fault
expect fence.proven of h2 before start.succeeded of g1
expect 1 start
