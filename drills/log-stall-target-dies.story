story The log stalls with a grant on its way, and the host it names dies meanwhile
  The grant is stored when the log is back. Its host is being proven stopped by then, which needs no log, so the guest goes on
  to a third host at once.

hosts h1 h2 h3 h4 h5 h6
voters h4 h5 h6
leader h4
guests g1: on h1

at 5s power loss of h1
when fence.proven of h1: the log stalls for 6s
2s after fence.proven of h1: power loss of h2
expect fence.proven of h1 before guest.granted of g1
expect g1 runs on h3 or h4 or h5 or h6 again within 6s of the fault
