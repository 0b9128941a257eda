story Two guests that belong on one host, where only one has room
  The second waits for room on that host, rather than start alone on another.

hosts h1: memory 8GiB
hosts h2: memory 6GiB
hosts h3: memory 6GiB
leader h3
guests g1: on h1, together with g2, memory 4GiB
guests g2: on h1, memory 4GiB
takes: a host boot 40s

at 5s power loss of h1
expect g1 runs on h2 or h3 again within 5s of the fault
expect g2 is blocked within 5s of the fault
expect why g2 says "it belongs together with g1"
