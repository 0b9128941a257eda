story The image store comes back on one host only
  The first guest that starts there shows it, and the others that wait for the store follow at once.

hosts h1 h2 h3 h4
voters h1 h2 h3
guests g1 g2 g3: on h1

at 5s storage loss of h1 and h2 and h3 for 1h
at 5s storage loss of h4 for 10min
expect g1 and g2 and g3 are blocked within 30s of the fault
at 590s expect g1 and g2 and g3 are blocked or relocating
at 15min expect g1 and g2 and g3 run on h4
