story A host that never joined cannot be fenced
  The operator is told so: there is nothing to fence.

hosts h1 h2 h3
cold start

at 0s power loss of h3
at 30s operator: fence h3
expect the operator is told "h3 has never joined" within 2s
expect no fence
