story A rack of two hosts is lost
  Two of six hosts are as many as may be fenced without a person. Their guests start in the other racks.

hosts h1 h2: rack r1
hosts h3 h4: rack r2
hosts h5 h6: rack r3
voters h1 h3 h5
leader h3
guests g1: on h1
guests g2: on h2
guests g3: on h3

at 5s power loss of rack r1
expect g1 and g2 run on h3 or h4 or h5 or h6 again within 6s of the fault
expect g3 runs without a break
expect the brake is off
expect h1 and h2 are running again within 90s
