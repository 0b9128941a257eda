story A host is to be emptied, and one of its guests has no room elsewhere
  The other leaves. What keeps the one is said, with what to do about it, and when there is room it leaves by itself.

hosts h1: memory 16GiB
hosts h2 h3: memory 8GiB
leader h3
guests g1: on h1, memory 6GiB
guests g2: on h1, memory 1GiB
guests g3: on h2, memory 4GiB
guests g4: on h3, memory 4GiB

at 5s operator: maintenance h1
expect g2 runs on h2 or h3 within 10s
expect the log says "g1 stays (NO_PLACE)" within 10s
expect g1 runs on h1 for 30s
at 50s expect why h1 says "to do: make room for it elsewhere"
at 60s operator: stop g3
at 60s operator: stop g2
expect g1 runs on h2 within 30s
expect h1 is maintenance within 30s
expect g1 runs without a break
expect 1 drain.changed
