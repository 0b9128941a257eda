story A daemon is killed
  It is started again by its supervisor and takes up the same life. Guests and watchdog notice nothing.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s kill the daemon of h1
expect no suspicion for 20s
expect g1 and g2 run without a break
expect no reset
expect no start
