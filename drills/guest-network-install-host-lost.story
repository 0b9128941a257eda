story The host of a guest is lost while the guest is installed from the network
  What is on its disk nobody knows: no host starts it, and a person decides.

hosts h1 h2 h3
leader h2
guests g1: on h1, 0 restarts, 0 relocations, is installed from the network within 5min
takes: an installation 30s

at 5s kill g1
when start.succeeded of g1: power loss of h1
expect g1 is failed within 90s
at 150s expect g1 is failed
