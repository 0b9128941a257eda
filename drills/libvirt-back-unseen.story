story libvirt comes back while the daemon is away
  The daemon that reported the trouble is killed before it is over. The next one finds libvirt well, and says so.

hosts h1 h2 h3
leader h2
guests g1: only on h1, stopped at first
host ladder: 0 repairs

at 5s libvirt of h1 is down for 10s
at 14900ms kill the daemon of h1
at 30s operator: start g1
expect g1 runs within 5s
