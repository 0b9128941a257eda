story The image store is gone for all hosts, and comes back
  Every start fails on every host. That is no fault of the guests: it costs them no restart, they wait, longer each time,
  and when the store is back they are started without a person.

hosts h1 h2 h3
guests g1: on h1
guests g2: on h2

at 5s storage loss of every host for 20min
expect g1 and g2 are blocked within 30s of the fault
expect no reset
at 10min expect why g1 says "its storage"
at 10min expect g1 and g2 run nowhere
at 10min expect at most 50 start.failed
at 20min expect g1 and g2 are blocked or relocating
at 25min expect g1 and g2 run
