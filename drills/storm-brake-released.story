story Half of all hosts are really gone
  The storm brake leaves them alone until a person, who knows, releases it. Then they are fenced and their guests start.

hosts h1 h2 h3 h4 h5 h6
voters h1 h2 h6
leader h1
guests g3: on h3
guests g4: on h4
guests g5: on h5
takes: a host boot 10min

at 5s power loss of h3 and h4 and h5
expect the brake is on within 3s of the fault
expect no fence for 30s
expect why cluster says "storm brake on for h3, h4, h5"
at 40s operator: release the brake
expect g3 and g4 and g5 run on h1 or h2 or h6 within 5s
expect the operator is told "accepted"
