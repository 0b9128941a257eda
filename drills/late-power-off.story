story A BMC carries out a power off when the host is long proven stopped
  It answered nothing in time, the lease proved the host stopped, and the host was switched on. Then the old command cuts
  it off after all. That is seen, and it is switched on again.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is slow for 3s
at 5s kernel panic of h1
expect g1 runs on h2 or h3 again within 8s of the fault
expect why g1 says "(R3)"
expect h1 is running again within 90s of the fault
