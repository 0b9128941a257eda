story libvirtd dies a third time
  Twice it is restarted. The third time a person is needed: the guests run on, and nothing new is placed there.

hosts h1 h2 h3
leader h2
guests g1: on h1
guests g2: on h1, stopped at first

at 5s libvirt of h1 is down for 5s
expect 1 repair.succeeded of h1 within 5s
at 30s libvirt of h1 is down for 5s
expect 2 repair.succeeded of h1
at 60s libvirt of h1 is down for 60s
at 90s operator: start g2
expect g2 runs on h2 or h3 within 5s
expect why g2 says "libvirt in trouble"
expect 2 repair.succeeded of h1
expect g1 runs without a break
expect no fence
