story The leader dies right after it has appended a grant
  The start that it wanted is in the log, and its successor carries it out, once the survey is answered.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h3 h4 h5
leader h3
guests g1: on h1

at 5s power loss of h1
when guest.granted of g1: power loss of the leader
expect g1 runs on h2 or h4 or h5 or h6 again within 10s of the fault
expect every node agrees
