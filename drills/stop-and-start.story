story A person stops a guest and starts it again
  It is shut down gently and stays down until it is wanted again.

hosts h1 h2 h3
guests g1: on h1

at 5s operator: stop g1
expect g1 is stopped within 5s
at 25s expect g1 runs nowhere
at 30s operator: start g1
expect g1 runs on h1 within 5s
expect g1 is running within 5s
