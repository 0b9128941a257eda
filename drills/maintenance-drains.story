story A host with guests is put into maintenance and is emptied by itself
  Every guest is moved away alive, and then the host is free.

hosts h1 h2 h3
leader h3
guests g1 g2: on h1

at 5s operator: maintenance h1
expect g1 and g2 run on h2 or h3 within 20s
expect h1 is maintenance within 20s
expect g1 and g2 run without a break
