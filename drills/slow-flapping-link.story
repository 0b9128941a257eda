story A link goes away for four seconds, again and again
  The host is fenced for its first silence and its guests go elsewhere, once. It joins again when the link stays, and its
  comings and goings move no guest a second time.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 5s link of h1 flaps every 4s for 60s
expect g1 and g2 run on h2 or h3 again within 5s of the fault
expect 2 starts for 90s
expect h1 is running within 2min
