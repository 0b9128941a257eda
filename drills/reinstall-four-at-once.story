story Four of seven hosts are ruined together, and installed at once
  So many at once put the storm brake on, and nothing is fenced or written before a person releases it. Then the four are
  installed side by side: together they take hardly longer than one.

hosts h1 h2 h3
hosts h4 h5 h6 h7: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s
installation: 4 at once, 4 a day

at 1s operator: publish image host 1
at 5s the disk of h4, h5, h6 and h7 is ruined
at 6s power loss of h4 and h5 and h6 and h7
expect the brake is on within 3s of the fault
expect no fence for 30s
at 60s operator: release the brake
expect g1 runs on h1 or h2 or h3 again within 4s
expect h4 is running again within 200s
expect h5 is running again within 200s
expect h6 is running again within 200s
expect h7 is running again within 200s
expect reinstall.armed of h7 before reinstall.sealed of h4
expect why h7 says "passed its test"
expect 4 reinstall.committed
expect 4 host.joined
