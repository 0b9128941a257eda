story The leader stands still right after it has appended a grant
  Another node is elected meanwhile and carries the grant out. Awake again, the old leader has nothing to say any more:
  its own start, if it still sends it, is refused or carried out once.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g1: on h1, only on h1 h6

at 5s power loss of h1
when guest.granted of g1: pause the daemon of the leader for 2s
expect h2 or h4 or h5 or h6 lead within 4s of the fault
expect g1 runs on h6 again within 5s of the fault
at 30s expect every node agrees
expect 1 guest.granted of g1
expect 1 start
