story No host can start a guest
  All tries are used up and it has failed. When the hosts are mended a person starts it.

hosts h1 h2 h3
guests g1: on h1, stopped at first

at 5s starts on every host fail for 60s
at 6s operator: start g1
expect g1 is failed within 50s
expect g1 runs nowhere for 60s
at 70s operator: start g1
expect g1 is running within 5s
