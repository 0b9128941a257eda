story A host with guests is put into maintenance, and its guests are left to a person
  Nothing new is placed there. The person moves its guests away, and then it is empty.

hosts h1 h2 h3
leader h3
guests g1 g2: on h1

at 5s operator: maintenance h1 keeping guests
expect h1 is draining within 2s
expect no guest.migration-requested
at 6s operator: migrate g1 to h2
at 7s operator: migrate g2
expect h1 is maintenance within 15s
expect g1 and g2 run on h2 or h3
expect g1 and g2 run without a break
