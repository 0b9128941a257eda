story A host whose disk is ruined is installed anew
  Its guest runs elsewhere within seconds. One power cycle brings nothing back, so it is booted from the network, its disk is
  written, and what was installed is tested before it gets guests again. It registers as a life above all it ever had.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect g1 runs on h1 or h2 or h3 again within 4s
expect reinstall.committed of h4 before reinstall.sealed of h4
expect host.enrolled of h4 before host.joined of h4
expect h4 is reinstalling within 100s
expect h4 is qualifying within 250s
expect h4 is running again within 260s
expect g1 is down for at most 4s
expect 1 reinstall.committed of h4
expect 1 host.joined of h4
expect why h4 says "passed its test"
at 280s operator: migrate g1 to h4
expect g1 runs on h4 within 10s
