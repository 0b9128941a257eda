story A host stands still and its BMC is dead
  Its watchdog counts on and resets it before its lease ends. Its guests start elsewhere after that, and the host joins
  again once it has booted.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s bmc of h1 is dead
at 5s h1 stands still for 5min
expect 1 reset of h1 within 5s of the fault
expect g1 runs on h2 or h3 again within 8s of the fault
expect h1 is running again within 60s of the fault
expect why g1 says "(R3)"
