story No node serves images for a while
  The installer runs and cannot write: its try ends. The next one finds them.

hosts h1 h2 h3
hosts h4: installable
voters h1 h2 h3
leader h1
guests g1: on h4
host ladder: 1 power cycle, may be reinstalled, back within 60s

at 1s operator: publish image host 1
at 5s the disk of h4 is ruined
at 6s power loss of h4
2s after reinstall.committed of h4: every node serves no images for 30s
expect h4 is running again within 500s
