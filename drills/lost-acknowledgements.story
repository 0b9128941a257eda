story Half of all acknowledgements of the log are lost
  An entry whose acknowledgement is missing is looked up at its place and never written twice.

hosts h1 h2 h3
leader h2
guests g1 g2: on h1

at 4s the log loses 50% of its acknowledgements for 60s
at 5s power loss of h1
expect g1 and g2 run on h2 or h3 again within 30s of the fault
expect 2 guest.granted
expect 2 starts
