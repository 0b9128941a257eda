story A host's own link is gone for less than a second
  Its kernel has forgotten the ways to the others and asks for them once a second. So it is silent for longer than its
  link was gone: in profile fast that is a suspicion, and it is fenced.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s isolate h1 for 700ms
expect g1 runs on h2 or h3 again within 5s of the fault
expect 1 fence of h1
expect h1 is running again within 90s
