story A host loses its power and its BMC with it
  Nothing can read its power any more. Its lease proves it stopped instead, because its watchdog would have reset it.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s power loss of h1
at 5s bmc of h1 is dead
expect g1 and g2 run on h2 or h3 again within 8s of the fault
expect why g1 says "h1 is proven stopped (R3)"
expect 1 fence of h1
expect no reset
