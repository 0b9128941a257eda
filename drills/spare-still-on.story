story A spare was given back and nobody switched it off
  Its lease has proven it stopped. When it is called its power is cut first, for it would not boot otherwise.

hosts h1 h2 h3: memory 4GiB
hosts h4: memory 4GiB, spare
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
takes: a host boot 20s

at 1s switch on h4
expect h4 is running within 30s of the fault
at 30s operator: maintenance h4
at 32s isolate h4 for 60s
at 45s operator: end maintenance h4
expect h4 is spare within 2s
at 50s the disk of h1 is ruined
at 50s expect h4 is on
at 51s power loss of h1
expect h4 is off within 5s of the fault
expect g1 runs on h4 again within 60s of the fault
