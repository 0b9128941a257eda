story The network between all nodes is gone for ten minutes
  Nobody can prove anything, so nobody fences anybody. All hosts pause their guests before their leases end, no watchdog
  bites, and all guests go on where they are when the network is back.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2
guests g3: on h3

at 5s control network down for 10min
expect every guest is paused within 5s of the fault
expect nothing starts for 10min
expect g1 runs on h1 within 603s of the fault
expect g2 runs on h2 within 603s of the fault
expect g3 runs on h3 within 603s of the fault
expect no fence
expect no reset
expect no start
expect 3 host.quiesced within 605s of the fault
