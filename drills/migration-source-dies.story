story The source dies in the middle of a migration
  Once the source is proven stopped the target is asked. Nothing has arrived there, so the guest starts anew, which
  costs it no restart.

hosts h1 h2 h3
leader h3
guests g1: on h1, 0 restarts, 0 relocations
takes: a migration 10s

at 5s operator: migrate g1 to h2
at 8s power loss of h1
expect g1 runs on h2 or h3 again within 3s of the fault
expect g1 is running within 3s of the fault
expect fence.proven of h1 before start.succeeded of g1
expect 1 start
