story A BMC that takes twelve seconds to switch off
  It is not waited for: the lease is proven to have ended long before.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is slow
at 5s power loss of h1
expect g1 runs on h2 or h3 again within 8s of the fault
expect why g1 says "(R3)"
