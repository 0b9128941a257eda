story Nobody knows whether a guest has started
  The answer to a start is lost. The guest is stopped and seen gone on that very host before it is tried again, and never
  started elsewhere on a guess.

hosts h1 h2 h3
guests g1: on h1, stopped at first

at 5s starts on h1 stay unanswered for 50s
at 6s operator: start g1
expect the log says "it is not known whether g1 started on h1" within 60s
expect stop.succeeded of g1 before start.succeeded of g1 within 120s
expect g1 is running within 120s
expect at least 1 start.unknown of g1
