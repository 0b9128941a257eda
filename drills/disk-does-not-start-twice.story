story A host whose disk does not start uses up its power cycles first, each as fast as it fails
  Nothing but the wait is shorter: with two power cycles its start must fail twice before its disk is given up.

hosts h1 h2 h3
hosts h4: boots from its disk first
voters h1 h2 h3
leader h1
host ladder: 2 power cycles, may be reinstalled, back within 600s
takes: a host boot 20s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect 2 boot.fallen-through of h4
expect 2 power-on.succeeded of h4
expect boot.fallen-through of h4 before reinstall.armed of h4
expect h4 is reinstalling within 90s of the fault
expect h4 is running again within 200s of the fault
expect 1 reinstall.committed of h4
