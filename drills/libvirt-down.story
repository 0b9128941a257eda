story libvirtd dies
  It is restarted. The guests run on, nothing is placed there meanwhile, and nobody is fenced.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s libvirt of h1 is down for 60s
expect 1 repair.succeeded of h1 within 10s
expect g1 runs without a break
expect no fence
expect why h1 says "h1"
