story A person gives orders in the middle of a recovery
  One guest of the lost host is not wanted any more, so it is not started; the other one is, and the host is kept free
  when it is back.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1
takes: a host boot 20s

at 5s power loss of h1
when host.suspected of h1: operator: stop g1
when host.suspected of h1: operator: maintenance h1
expect g2 runs on h2 or h3 again within 5s of the fault
expect g1 is stopped within 5s of the fault
expect h1 is maintenance within 40s of the fault
expect g1 runs nowhere
expect 1 start
