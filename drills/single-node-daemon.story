story A single node, and its daemon is killed
  The guests run on and are taken over by the next daemon.

hosts h1
guests g1 g2

at 5s kill the daemon of h1
expect g1 and g2 run without a break
expect no start
expect h1 leads within 15s of the fault
expect no reset
