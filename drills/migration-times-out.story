story A migration that never ends
  It is given up after a minute. The guest runs on where it was.

hosts h1 h2 h3
leader h3
guests g1: on h1
takes: a migration 10min

at 5s operator: migrate g1 to h2
expect g1 is migrating within 2s
expect g1 is running again within 100s
expect g1 runs on h1
expect g1 runs without a break
expect 1 migration.failed
