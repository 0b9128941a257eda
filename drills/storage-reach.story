story A guest goes only where its storage is
  The empty host does not reach it, so the fuller one is taken.

hosts h1 h2: storage images san
hosts h3
leader h3
guests g1: on h1, storage san
guests g2 g3: on h2

at 5s power loss of h1
expect g1 runs on h2 again within 5s of the fault
expect why g1 says "cannot reach storage san"
