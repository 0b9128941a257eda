story A guest that must not be left paused
  Its storage keeps locks of a paused QEMU, so it is destroyed when the lease ends. It starts again
  once its end is known, and none of its restarts is spent on it.

hosts h1 h2 h3
leader h2
guests g1: on h1, quits when the lease ends, 0 restarts, 0 relocations
guests g2: on h1

at 5s operator: freeze
at 10s isolate h1 for 20s
expect g2 is paused within 4s of the fault
at 15s expect g1 runs nowhere
expect g2 runs on h1 again within 23s of the fault
at 40s operator: thaw
expect g1 runs again within 5s
expect no reset
