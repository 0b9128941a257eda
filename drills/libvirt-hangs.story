story libvirtd hangs
  It is restarted. The guests run on.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s libvirt of h1 hangs for 60s
expect 1 repair.succeeded of h1 within 60s
expect g1 runs without a break
expect no fence
