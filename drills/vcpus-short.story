story Processors, not memory, are what is short
  vCPUs are never given twice either.

hosts h1 h2 h3: vcpus 4
leader h2
guests g1: on h1, vcpus 3
guests g2: on h2, vcpus 3
guests g3: on h3, vcpus 2
takes: a host boot 30s

at 5s power loss of h1
expect g1 is blocked within 5s of the fault
at 10s expect why g1 says "vCPUs"
expect g1 runs on h1 again within 50s of the fault
