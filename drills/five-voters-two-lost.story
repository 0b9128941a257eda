story Five hosts, two of which are lost ten seconds apart
  Three of five votes remain. The second loss brakes nothing: one host is in doubt at a time, and both go on to be
  recovered.

hosts h1 h2 h3 h4 h5
leader h5
guests g1: on h1
guests g2: on h2
takes: a host boot 5s

at 5s power loss of h1
expect g1 runs on h3 or h4 or h5 or h2 again within 5s
at 20s power loss of h2
expect g2 runs on h1 or h3 or h4 or h5 again within 5s
expect h1 and h2 are running again within 60s
