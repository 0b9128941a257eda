story A guest is installed anew from the network
  Its disk is spoiled. With its restarts used up it gets an empty one, and is started once from its network card: its own boot server
  installs it, and the installer's reboot ends that start. The next is from the disk. Meanwhile no probe is asked, the leader is
  lost, and the daemon of its host killed, which asks them afterwards: it is the same guest under the same grant, installed once.

hosts h1 h2 h3
leader h3
guests g1: on h1, 1 restart, 0 relocations, is installed from the network within 5min, probed every 500ms, boots in 1s
takes: an installation 60s

at 5s the next 9 starts of g1 crash
expect g1 is installing within 20s
at 20s power loss of h3
at 36s expect no guest.hung
at 38s kill the daemon of h1
at 45s operator: migrate g1
at 50s expect g1 is installing
expect g1 runs on h1 again within 60s
at 90s expect g1 is running
expect 1 reinstall.succeeded
