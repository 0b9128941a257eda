story A spare is needed while the cluster is frozen
  Nothing is switched on by itself. After the thaw it is called.

hosts h1 h2 h3: memory 4GiB
hosts h4: memory 4GiB, spare
leader h3
guests g1: on h1, memory 4GiB
guests g2: on h2, memory 4GiB
guests g3: on h3, memory 4GiB
takes: a host boot 10min

at 4s the disk of h1 is ruined
at 5s power loss of h1
when fence.proven of h1: operator: freeze
at 60s expect h4 is spare
expect h4 is off
at 61s operator: thaw
expect h4 is restarting or rejoining within 5s of the fault
