story A guest cannot be stopped at first
  Its QEMU hangs in the kernel. The stop is repeated with longer and longer pauses until it is seen gone.

hosts h1 h2 h3
guests g1: on h1

at 5s guests of h1 are stuck for 60s
at 6s operator: stop g1
expect g1 is stopping within 2s
expect at least 1 stop.unknown of g1 within 60s
expect g1 is stopped within 120s
expect g1 runs nowhere
