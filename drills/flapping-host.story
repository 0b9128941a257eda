story A host dies a third time
  Twice it is switched on again, the second time after a pause. The third time it is quarantined: a person decides, and
  its guests stay where they are well.

hosts h1 h2 h3
leader h2
guests g1: on h1
takes: a host boot 10s

at 5s power loss of h1
expect h1 is running again within 20s
at 40s power loss of h1
expect h1 is fenced within 4s
expect h1 is running again within 30s
at 80s power loss of h1
expect h1 is quarantined within 4s
expect g1 runs on h2 or h3
expect why h1 says "power cycles used up, a person decides"
expect h1 is off
