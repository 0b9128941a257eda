story A cluster that is not frozen cannot be thawed
  The operator is told so.

hosts h1 h2 h3

at 5s operator: thaw
expect the operator is told "the cluster is not frozen" within 2s
