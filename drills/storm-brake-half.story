story Half of all hosts fall silent at once
  That is more likely one broken switch than three broken hosts, so nothing is fenced. Their guests pause where they are,
  and go on when the switch does.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h6
leader h1
guests g1: on h1
guests g3: on h3
guests g4: on h4
guests g5: on h5

at 5s isolate h3 and h4 and h5 for 60s
expect the brake is on within 3s of the fault
expect no fence for 60s
expect g3 and g4 and g5 are paused within 5s of the fault
expect g1 runs without a break
expect g3 and g4 and g5 run again within 64s of the fault
expect the brake is off again within 70s of the fault
expect h3 and h4 and h5 are running within 70s of the fault
expect no start
expect no reset
