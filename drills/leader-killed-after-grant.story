story The daemon of the leader is killed right after it has appended a grant
  The guest's old place is proven empty and its new start is in the log. Whoever leads next carries that start out, and no
  guest starts twice.

hosts h1 h2 h3
leader h3
guests g1: on h1
guests g2: on h2

at 5s kill g1
when guest.granted of g1: kill the daemon of the leader
expect g1 runs on h1 within 10s of the fault
expect g1 is running within 10s of the fault
expect at least 1 election
expect 1 start of g1
expect g2 runs without a break
expect no fence
