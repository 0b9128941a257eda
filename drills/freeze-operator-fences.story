story A person fences a host of a frozen cluster
  A person's own order stands above the freeze. The guests wait for the thaw all the same.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s operator: freeze
at 10s operator: fence h1 because "smoke"
expect 1 fence of h1 within 3s of the fault
expect nothing starts for 20s
at 40s operator: thaw
expect g1 runs on h2 or h3 within 5s
