story A host dies while guests of another are being moved to it
  They stay where they are, run on, and are moved to a third host after a pause.

hosts h1 h2 h3 h4
voters h1 h3 h4
leader h3
guests g1 g2: on h1
guests g3 g4: on h3
guests g5 g6: on h4

at 5s operator: maintenance h1
when guest.granted of g1: power loss of h2
expect at least 1 migration.failed within 10s of the fault
expect why h1 says "tried again after a pause" within 10s of the fault
expect g1 and g2 run on h3 or h4 within 60s of the fault
expect h1 is maintenance within 60s of the fault
expect g1 and g2 run without a break
