story A host loses its power
  Its guests start again on the other hosts once its BMC has proven it off. The guests of the other hosts notice
  nothing. The host is switched on again and takes its place.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1
guests g3: on h2

at 5s power loss of h1
expect h1 is suspect within 2s of the fault
expect g1 and g2 run on h2 or h3 again within 4s of the fault
expect fence.proven of h1 before guest.granted of g1
expect why g1 says "h1 is proven stopped (R2)"
expect g3 runs without a break
expect h1 is running again within 60s
expect no reset
