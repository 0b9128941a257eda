story The petter is killed
  It is started again before the watchdog bites.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s kill the petter of h1
expect no reset for 20s
expect g1 runs without a break
expect no fence
