story A guest is moved alive
  It runs on without a break, and its grant moves with it: when the old host is lost nothing happens to it.

hosts h1 h2 h3
leader h3
guests g1: on h1

at 5s operator: migrate g1 to h2
expect g1 is migrating within 2s
expect g1 runs on h2 within 10s
expect g1 is running within 10s
at 20s power loss of h1
expect h1 is restarting or rejoining within 5s
expect g1 runs without a break
expect no start
