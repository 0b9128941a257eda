story A guest is rebuilt from its image
  Whatever it is started on, it crashes: its disk is spoiled. With its restarts used up it gets a new disk, where its
  policy permits that.

hosts h1 h2 h3
guests g1: on h1, 1 restart, 0 relocations, may be reinstalled

at 5s the next 9 starts of g1 crash
expect g1 is reinstalling within 20s
at 30s expect g1 is reinstalling
expect why g1 says "g1 was reinstalled"
at 120s expect g1 is running
