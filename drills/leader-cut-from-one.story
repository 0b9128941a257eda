story The leader and one host cannot reach each other
  The third node hears both, so the voters know the host to be alive. Nobody is fenced for the sake of one bad link.

hosts h1 h2 h3
leader h2
guests g1: on h1

at 5s cut both ways from h1 to h2 for 60s
expect no fence for 70s
expect g1 runs without a break
