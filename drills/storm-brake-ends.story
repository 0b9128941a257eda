story A storm ends
  Three of five hosts are cut off for a minute and come back together, each within a third of a second. The brake ends
  only when the last of them has had time to be heard: they go on, and so do the guests that they had paused.

hosts h1 h2 h3 h4 h5
arbiters a1 a2
voters h1 a1 a2
leader h1
guests g2: on h2
guests g3: on h3
guests g4: on h4
seed 2

at 5s isolate h2 and h3 and h4 for 60s
expect the brake is on within 3s of the fault
expect g2 and g3 and g4 run again within 65s of the fault
expect no fence for 90s
expect no start for 90s
expect h2 and h3 and h4 are on
