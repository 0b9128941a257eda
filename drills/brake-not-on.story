story A brake that is not on cannot be released
  The operator is told so.

hosts h1 h2 h3

at 5s operator: release the brake
expect the operator is told "the storm brake is not on" within 2s
