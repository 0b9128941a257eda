story A person fences a voter when no other may be lost
  One voter of three is proven stopped. Without a second one nothing could be decided any more, so the order is refused with the
  reason, and the host runs on. Once the first is back the order is carried out.

hosts h1 h2 h3
leader h3
guests g2: on h2

at 5s power loss of h1
at 10s operator: fence h2 because "its fans are loud"
expect the operator is told "without a majority" within 1s
expect h2 is running for 15s
expect no fence.requested
at 60s operator: fence h2 because "its fans are loud"
expect g2 runs on h1 or h3 again within 5s of the fault
expect h2 is running again within 60s
