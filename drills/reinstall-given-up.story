story Three installers stand still
  No fourth is tried. The host is left without power, and a person decides; they may order it once more.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 4s the next 3 installers on h4 hang
at 5s the disk of h4 is ruined
at 6s power loss of h4
expect h4 is quarantined within 600s
expect 3 reinstall.aborted of h4
at 610s expect h4 is off
at 611s operator: reinstall h4 because "its disk was replaced"
expect h4 is running again within 200s
