story A spare is switched on and does not come
  When its time is up the next one is called, and it is switched on once more like any host that did not come back.

hosts h1 h2 h3: memory 4GiB
hosts h4 h5: memory 4GiB, spare
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
host ladder: 1 power cycle, back within 30s
takes: a host boot 20s

at 4s the disk of h1 and h4 is ruined
at 5s power loss of h1
expect 1 spare.called within 30s of the fault
expect power-on.succeeded of h4 before spare.called of h5
expect g1 runs on h5 again within 90s of the fault
expect h4 is quarantined within 90s of the fault
expect h5 is running within 90s of the fault
