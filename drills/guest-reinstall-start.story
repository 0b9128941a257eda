story A guest that may be rebuilt from its image
  Its restarts are used up. Rebuilding loses its disk, so it waits for a person even where the cluster file allows it.

hosts h1 h2 h3
guests g1: on h1, 0 restarts, 0 relocations, may be reinstalled

at 5s kill g1
expect g1 is reinstalling within 3s
at 60s expect g1 is reinstalling
expect why g1 says "pending: reinstall"
expect no start
at 60s operator: start g1
expect g1 runs again within 3s
