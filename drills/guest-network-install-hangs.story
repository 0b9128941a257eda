story A guest whose installation from the network does not end
  It is ended when its time is over, and not begun again by itself. A person who has looked at the boot server starts it, which installs
  it on another empty disk.

hosts h1 h2 h3
guests g1: on h1, 0 restarts, 0 relocations, is installed from the network within 2min
takes: an installation 20s

at 5s kill g1
when start.succeeded of g1: g1 hangs
expect g1 is failed within 200s
at 400s expect g1 is failed
expect 1 reinstall.succeeded
at 400s operator: start g1
expect g1 is installing within 60s
expect g1 is running within 60s
