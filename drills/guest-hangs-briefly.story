story A guest is slow for two seconds
  Too few probes fail to call it hung.

hosts h1 h2 h3
guests g1: on h1, probed every 1s

at 10s g1 hangs for 1500ms
expect g1 runs without a break
expect no guest.hung
