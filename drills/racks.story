story Guests to be kept apart go into different racks
  The host of one rack is lost. Its guest passes over the empty host in the rack of its twin.

hosts h1 h2: rack r1
hosts h3 h4: rack r2
arbiters a1
leader a1
guests g1: on h1, apart from g2
guests g2: on h3
guests g3: on h2, memory 4GiB

at 5s power loss of h1
expect g1 runs on h2 again within 5s of the fault
expect g1 and g2 are in different racks
expect why g1 says "in other failure domains"
