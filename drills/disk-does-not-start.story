story A host whose disk does not start says so by asking for a network boot, and is not waited for
  Its firmware tries the disk first, and the network when that fails. The nodes that would answer an armed machine see it
  ask. So it is installed at once instead of after the ten minutes that a start may take, and boots from the network without
  another power cycle.

hosts h1 h2 h3
hosts h4: boots from its disk first
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 600s
takes: a host boot 20s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect g1 runs on h1 or h2 or h3 again within 4s
expect 1 boot.fallen-through of h4 within 30s of the fault
expect boot.fallen-through of h4 before reinstall.armed of h4
expect h4 is reinstalling within 30s of the fault
expect why h4 says "found nothing to start on its disk"
expect h4 is running again within 150s of the fault
expect 1 boot.fallen-through of h4
expect 1 reinstall.committed of h4
