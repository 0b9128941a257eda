story More hosts fall silent than may be fenced without a person
  One host of five may be. Three are cut off together, so the brake holds: all of them are left alone, pause their guests
  where they are, and go on when the network is back.

hosts h1 h2 h3 h4 h5
arbiters a1 a2
voters h1 a1 a2
leader h1
guests g1: on h1
guests g2: on h2
guests g3: on h3
guests g4: on h4

at 5s isolate h2 and h3 and h4 for 60s
expect the brake is on within 3s of the fault
expect no fence for 60s
expect g1 runs without a break
expect g2 and g3 and g4 run again within 65s of the fault
expect the brake is off again within 70s of the fault
expect no start
expect no reset
