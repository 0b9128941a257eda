story A person confirms that a host is off which is fenced already
  Their word is not needed, and they are told so.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 60s

at 5s power loss of h1
expect g1 runs again within 5s
at 20s operator: confirm h1 off
expect the operator is told "h1 is already proven stopped" within 2s
expect no fence.failed
