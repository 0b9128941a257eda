story A host that nothing can prove stopped
  It has no watchdog, and its BMC died with it. Its guests may still be running, so they are not started elsewhere. A
  person looks, signs that it is off, and only then they start.

hosts h1: no watchdog
hosts h2 h3
leader h2
guests g1: on h1

at 5s power loss of h1
at 5s bmc of h1 is dead
expect h1 is blocked within 15s of the fault
expect nothing starts for 60s
at 70s expect g1 is suspect
at 70s operator: confirm h1 off having checked "both cables are out"
expect g1 runs on h2 or h3 again within 4s
expect why g1 says "operator signed that it is off, having checked: both cables are out"
