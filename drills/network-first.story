story A host whose firmware tries the network first asks at every start, and that says nothing of its disk
  The cluster file does not say that it boots from its disk first. It is waited for, and comes back as it was.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 2s the firmware of h4 tries the network first
at 5s power loss of h4
expect g1 runs on h1 or h2 or h3 again within 4s
expect h4 is running again within 60s of the fault
expect no boot.fallen-through of h4
expect no reinstall.armed of h4
