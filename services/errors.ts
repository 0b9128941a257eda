/**
 * Every error a person can meet, in one flat table: what happened, what to do next, and the exit code.
 * docs/errors.md is generated from it, and a test keeps the two equal. Secrets never go into details.
 *
 * Exit codes: 1 Rekindle or its surroundings failed · 2 what was given is wrong · 3 something needed is not there ·
 * 4 the cluster refused · 5 the outcome is not known.
 */
interface Explained {
  /** What happened. `{name}` is replaced by the detail of that name. One string literal, so that details are type-checked. */
  readonly message: string;
  /** What a person can do next, as an imperative. May use the same details. */
  readonly todo: string;
  readonly exit: 1 | 2 | 3 | 4 | 5;
}

export const ERRORS = {
  // cluster file (adapters/config)
  CONFIG_UNREADABLE: {
    message: 'cannot read {file}: {reason}',
    todo: 'name an existing cluster file with --cluster FILE, or write one: docs/cluster-file.md has an example',
    exit: 2,
  },
  CONFIG_INVALID: {
    message: '{count} found in {file}:\n{problems}',
    todo: 'correct these lines, then run: rekindle check {file}',
    exit: 2,
  },
  // simulated years (cli)
  RATES_UNREADABLE: {
    message: 'cannot read the failure rates in {file}: {reason}',
    todo: 'name an existing file with --fault-rates FILE, or leave it out: docs/simulate.md has the default rates',
    exit: 2,
  },
  RATES_INVALID: {
    message: '{count} found in the failure rates of {file}:\n{problems}',
    todo: 'correct these lines; docs/simulate.md lists what may stand there',
    exit: 2,
  },
  UNKNOWN_STORY: {
    message: 'there is no story {seed} with this cluster file and these failure rates',
    todo: 'take the whole command from the report, with the same --fault-rates',
    exit: 2,
  },
  REPORT_UNWRITABLE: {
    message: 'cannot write the report to {file}: {reason}',
    todo: 'name a file that can be written with --html FILE',
    exit: 2,
  },
  // command line (cli)
  NODE_TOO_OLD: {
    message: 'Node {found} is too old, {needed} or newer is needed',
    todo: 'run "npm ci" in the installation directory, which brings its own Node, or install a newer one',
    exit: 3,
  },
  NODE_UNNAMED: {
    message: 'this machine is called {hostname}, and the cluster file has no node of that name ({nodes})',
    todo: 'say which node this is: --node NAME',
    exit: 2,
  },
  DAEMON_NOT_RUNNING: {
    message: 'no rekindled answers at {socket}',
    todo: 'start this node with "rekindle up", or point --run at its run directory',
    exit: 3,
  },
  DAEMON_SILENT: {
    message: 'rekindled does not answer at {socket}: {reason}',
    todo: 'try again; if it lasts, see its log and restart it: guests are not touched by that',
    exit: 3,
  },
  DAEMON_RUNNING: {
    message: 'rekindled already runs here as process {pid}',
    todo: 'look at it with "rekindle status", or stop it first with "rekindle down"',
    exit: 4,
  },
  DAEMON_DIED: {
    message: 'rekindled ended while starting: {reason}',
    todo: 'correct that and run "rekindle up" again; everything it said is in {log}',
    exit: 1,
  },
  NOT_JOINED: {
    message: 'rekindled runs as process {pid}, but the node has not joined after {waitedS} s: {reason}',
    todo: 'it keeps trying; watch it with "rekindle status", and see {log}',
    exit: 5,
  },
  STILL_RUNNING: {
    message: 'rekindled, process {pid}, has not ended {waitedS} s after it was asked to',
    todo: 'see {log}; its guests are not touched by ending it with kill -9, and "rekindle up" takes them over again',
    exit: 5,
  },
  GUESTS_RUN_HERE: {
    message: '{guests} would be left without protection on {node}',
    todo: 'move them away with "rekindle maintenance {node}", stop them with "rekindle stop GUEST", or add --leave-guests and let an armed watchdog reset this machine',
    exit: 4,
  },
  NOT_PERMITTED: {
    message: 'not permitted: {what}',
    todo: 'run it as root, or as the user rekindled runs as',
    exit: 3,
  },
  KEYS_EXIST: {
    message: '{directory} already holds keys of a cluster',
    todo: "keep them: they are this cluster's identity. For a new cluster name another directory with --out",
    exit: 4,
  },
  KEY_UNREADABLE: {
    message: 'cannot use the key in {file}: {reason}',
    todo: "name a file whose only line is an operator's nkey seed (it begins with SU), readable by you alone",
    exit: 2,
  },
  NOT_CONFIRMED: {
    message: '{given} was typed where {host} was expected; nothing was sent',
    todo: 'run the command again and type the name of the host that you checked, or add --yes',
    exit: 2,
  },
  WRONG_ARGUMENT: {
    message: '{what}',
    todo: 'see: {help}',
    exit: 2,
  },
  REPLAY_UNREADABLE: {
    message: 'cannot read the log in {file}: {reason}',
    todo: 'name a file made with "rekindle log --json", a journal.sqlite of a node, or no file to ask the rekindled that runs here',
    exit: 2,
  },
  JOURNAL_IN_USE: {
    message: '{file} is held by a running rekindled',
    todo: 'run "rekindle replay" without a file, which asks that rekindled; nothing has to be stopped',
    exit: 4,
  },
  LOG_BROKEN: {
    message: '{source}: entry {seq}: {reason}. {good}',
    todo: 'take the log from another node ("rekindle log --json") or from a journal, unfiltered; what is good replays with --until',
    exit: 1,
  },
  STATE_DIFFERS: {
    message:
      '{source}: the entries up to {seq} fold to state {found}, but its checkpoint there says {expected}: {reason}',
    todo: 'replay the journal of another node: if that one agrees, the disk of this node is in doubt; if all differ, keep the journal for a report',
    exit: 1,
  },
  WHAT_IF_WRONG: {
    message: '--what-if {given}: {reason}',
    todo: 'write KEY=VALUE with a key of the cluster file, such as profile=standard, times.suspectMs=2000, guests.g1.prefers=h3 or ladder.g1.inPlace.tries=0',
    exit: 2,
  },
  NOTHING_TO_REHEARSE: {
    message: '{source}: {reason}',
    todo: 'give a log from its first entry on, with its cluster file and something that happened; --until says where it ends',
    exit: 2,
  },
  // stories in the lab (lab/stories) and on a cluster in service (cli/drill)
  STORY_UNREADABLE: {
    message: 'cannot read the story in {file}: {reason}',
    todo: 'name a story file; docs/drills.md has the language and an example',
    exit: 2,
  },
  STORY_INVALID: {
    message: 'the story in {file} is not understood:\n{problems}',
    todo: 'correct these lines; docs/drills.md has every sentence of the language',
    exit: 2,
  },
  STORY_NOT_FOR_LAB: {
    message: 'the lab cannot do the story in {file}:\n{problems}',
    todo: 'run it in the simulator, which can: npm run drills -- {name}',
    exit: 4,
  },
  DRILL_REFUSED: {
    message: 'not all of {file} may be done to a cluster in service:\n{problems}',
    todo: 'tell it in the simulator ("npm run drills") or in the lab ("npm run lab -- story"), or change these lines',
    exit: 4,
  },
  DRILL_NOT_NOW: {
    message: 'cluster {cluster} is not whole, so nothing is rehearsed on it:\n{problems}',
    todo: 'see "rekindle status" and repeat when nothing is amiss',
    exit: 4,
  },
  DRILL_NOT_ARMED: {
    message: '--arm {given} is not what would be done now, which is {hash}; nothing was done',
    todo: 'run it without --arm, read what it would do, and give the hash printed there',
    exit: 4,
  },
  DRILL_STOPPED: {
    message: 'the drill was stopped and everything it did is undone: {reason}',
    todo: 'see "rekindle log" for what happened, and repeat when the cluster is well',
    exit: 4,
  },
  DRILL_NOT_UNDONE: {
    message: 'the drill is over, and cluster {cluster} is not as it was:\n{problems}',
    todo: 'do what is said here, and see "rekindle status" and "rekindle why SUBJECT"',
    exit: 5,
  },
  DRILL_FAILED: {
    message: 'everything is undone, but not all came as expected:\n{problems}',
    todo: 'see the transcript above, and "rekindle why SUBJECT"',
    exit: 1,
  },
  LAB_DOWN: {
    message: 'drills need the lab, and no lab is up here ({missing})',
    todo: 'start it with "npm run lab -- up" in the source tree, then repeat',
    exit: 3,
  },
  UNEXPECTED: {
    message: '{reason}',
    todo: 'this is a defect of Rekindle: keep the output of the same command with REKINDLE_TRACE=1 for its report',
    exit: 1,
  },

  // requests to the daemon (services/api)
  BAD_REQUEST: {
    message: 'not understood: {reason}',
    todo: 'compare the versions of rekindle and rekindled; docs/cli.md lists the requests',
    exit: 2,
  },
  UNKNOWN_SUBJECT: {
    message: 'there is no {subject} in this cluster',
    todo: 'use one of: {known}',
    exit: 2,
  },
  NO_LEADER: {
    message: 'the cluster has no leader now, so nothing can be ordered: {reason}',
    todo: 'look at "rekindle status"; a majority of the voters must be up and reach each other',
    exit: 4,
  },
  ORDER_REJECTED: {
    message: 'the leader refused: {reason}',
    todo: 'look at "rekindle status" and "rekindle why SUBJECT" for the state it is in',
    exit: 4,
  },
  FENCE_COSTS_MAJORITY: {
    message: 'the leader refused: {reason}',
    todo: 'bring back a voter that is lost first ("rekindle status" shows it), then fence; if the host is off for certain, "rekindle confirm-off HOST"',
    exit: 4,
  },
  NOT_REINSTALLABLE: {
    message: 'the leader refused: {reason}',
    todo: 'a host is reinstalled that is proven stopped, was never heard of, or is in maintenance and empty; "rekindle why host/HOST" says what it is',
    exit: 4,
  },
  PLAN_CHANGED: {
    message: 'the leader refused: {reason}',
    todo: 'read the plan once more, and confirm that one',
    exit: 4,
  },
  UNKNOWN_MACHINE: {
    message: 'no host of the cluster file has the MAC {mac}',
    todo: 'write the machine into the cluster file of every node, under hosts, then adopt it:\n  NAME:\n    address: ADDRESS\n    capacity:\n      memoryMiB: 65536\n      vcpus: 32\n    machine:\n      macs: ["{mac}"]\n      disk:\n        serial: SERIAL',
    exit: 2,
  },
  NO_MACHINE: {
    message: '{host} cannot be installed over the network: the cluster file has no machine for it',
    todo: 'say under hosts.{host} what tells its machine from all others, for instance:\n  machine:\n    macs: ["52:54:00:ab:cd:ef"]\n    disk:\n      serial: S3Z9NB0K',
    exit: 2,
  },
  NO_PROVISIONING: {
    message: '{host} cannot be installed over the network: the cluster file has no provisioning',
    todo: 'add the section that docs/provisioning.md begins with',
    exit: 2,
  },
  NO_IMAGE: {
    message: 'there is nothing to install: {reason}',
    todo: 'make one and publish it: rekindle image build, then rekindle image publish',
    exit: 3,
  },
  JOINED_BEFORE: {
    message: '{host} has joined before, so it is not adopted',
    todo: 'to install it from nothing: rekindle reinstall {host}',
    exit: 2,
  },
  PLAN_NOT_CONFIRMED: {
    message: '--confirm {given} is not what would be done now, which is {hash}; nothing was ordered',
    todo: 'run it without --confirm, read what it would do, and give the hash printed there',
    exit: 4,
  },
  STILL_UNDER_WAY: {
    message: '{what} of {host} goes on, and you no longer follow it',
    todo: 'see how far it is with "rekindle watch"; stop it, as long as nothing is written, with "rekindle reinstall {host} --veto"',
    exit: 5,
  },
  REINSTALL_FAILED: {
    message: '{what} of {host} has failed: {reason}',
    todo: 'see "rekindle why host/{host}" for every step, mend what is said there, and order it again',
    exit: 1,
  },
  REINSTALL_VETOED: {
    message: '{what} of {host} was stopped: {reason}',
    todo: 'nothing was written. Order it again when whoever stopped it agrees',
    exit: 4,
  },
  REINSTALL_UNKNOWN: {
    message: 'it is not known how {what} of {host} ended: {reason}',
    todo: 'see "rekindle why host/{host}"; look at the machine before you give it power',
    exit: 5,
  },
  NOTHING_TO_VETO: {
    message: 'the leader refused: {reason}',
    todo: 'a reinstallation can be vetoed until its disk is given up; a host that is off is stopped for good with "rekindle freeze"',
    exit: 4,
  },
  IMAGE_NOT_NEWER: {
    message: 'the leader refused: {reason}',
    todo: 'build it anew: each build has a higher version',
    exit: 4,
  },
  ORDER_UNKNOWN: {
    message: 'the order was sent, but whether it was carried out is not known: {reason}',
    todo: 'look at "rekindle log" before repeating it',
    exit: 5,
  },
  TOO_MANY_FOLLOWERS: {
    message: '{count} clients already follow the log of this node',
    todo: 'end one of them, or follow on another node',
    exit: 4,
  },
  API_PORT_TAKEN: {
    message: 'cannot listen at {where}: {reason}',
    todo: 'stop what uses it, or name another place',
    exit: 3,
  },

  // keys (adapters/keys)
  KEYS_NOT_MADE: {
    message: 'cannot make the {what}: {reason}',
    todo: 'install openssl 3 if it is missing, correct the names, remove what was begun and run it again',
    exit: 1,
  },
  KEYS_MISSING: {
    message: 'the key file {file} {reason}',
    todo: 'copy the keys directory of this node, made with "rekindle init", into its state directory as keys/',
    exit: 3,
  },
  KEYS_EXPOSED: {
    message: 'others may read the private key {file} (mode {mode})',
    todo: 'chmod 600 {file}; if somebody may have read it, make new keys',
    exit: 3,
  },

  // enrolment of a newly installed host (cli/enrol)
  ENROL_NO_TICKET: {
    message: 'cannot be enrolled with what is in {from}: {reason}',
    todo: 'nothing was sent. Only the installer of a reinstallation leaves what is needed there, once; install this host anew',
    exit: 3,
  },
  ENROL_UNANSWERED: {
    message: 'nobody has enrolled {host} within {waitedS} s:\n{reasons}',
    todo: 'run it again, it asks with the same keys. This machine must reach one of these addresses, and the cluster must have a leader',
    exit: 5,
  },
  ENROL_REFUSED: {
    message: 'the leader does not enrol {host}: {reason}',
    todo: 'look at "rekindle why host/{host}" on another node; this installation is over, and the host must be installed anew',
    exit: 4,
  },
  ENROL_ANSWER_WRONG: {
    message: 'what {node} answered to the enrolment of {host} is not usable: {reason}',
    todo: 'nothing of it was kept. Compare the versions of Rekindle in the image and on {node}, then run it again',
    exit: 1,
  },

  // a host that a person brings (cli/commands/token, cli/commands/join)
  NOT_JOINABLE: {
    message: 'the leader refused: {reason}',
    todo: 'a ticket is given out for a host that was never heard of, or that is proven stopped, holds no guest and is in maintenance, quarantined or failed; "rekindle why host/HOST" says what it is',
    exit: 4,
  },
  JOIN_NO_PROVISIONING: {
    message: 'no ticket can be given out: {reason}',
    todo: 'tickets are shown to the nodes with an address in provisioning.network of the cluster file: docs/provisioning.md begins with that section',
    exit: 3,
  },
  JOIN_NO_TICKET: {
    message: 'what was given on standard input is no ticket: {reason}',
    todo: 'nothing was sent. Give all that "rekindle token HOST" printed on a node of the cluster',
    exit: 2,
  },
  JOIN_REFUSED: {
    message: 'the leader does not let this machine join as {host}: {reason}',
    todo: 'take another ticket with "rekindle token {host}" on a node of the cluster, which voids this one and, unless they have registered, the keys of whoever used it',
    exit: 4,
  },
  JOINED_ALREADY: {
    message: 'this machine is a node already: {file} is there',
    todo: 'start it with "rekindle up". To make it another node end it first ("rekindle down"), and move its cluster file and {state} away',
    exit: 4,
  },

  // NATS (adapters/nats)
  NATS_MISSING: {
    message: 'no nats-server found ({looked})',
    todo: 'run scripts/install-nats-server.sh, or install nats-server 2.15 or newer from your distribution',
    exit: 3,
  },
  NATS_TOO_OLD: {
    message:
      'nats-server {found} at {where} is too old, {needed} or newer is needed: older ones let several writers win the same append',
    todo: 'run scripts/install-nats-server.sh, which fetches a newer one and leaves the installed packages alone',
    exit: 3,
  },
  NATS_PORT_TAKEN: {
    message: 'the {use} port {address}:{port} of nats-server cannot be used: {reason}',
    todo: 'find what listens there with "ss -ltnp sport = :{port}" and stop it, or correct the address of this node in the cluster file',
    exit: 3,
  },
  NATS_CONFIG_INVALID: {
    message: 'nats-server refuses {file}: {reason}',
    todo: 'correct the cluster file or the keys this configuration was made from; do not edit it by hand',
    exit: 2,
  },
  NATS_START_FAILED: {
    message: 'nats-server did not come up: {reason}',
    todo: 'see {log}',
    exit: 1,
  },
  NATS_WILL_NOT_STOP: {
    message: 'nats-server, process {pid}, has not ended {waitedS} s after it was asked to',
    todo: 'see {log}; killing it with kill -9 costs the log an election of up to 10 s if it leads',
    exit: 5,
  },
  NATS_UNREADABLE: {
    message: 'the monitoring endpoint {url} of nats-server does not tell what it does: {reason}',
    todo: 'enable monitoring on that address ("http: 127.0.0.1:8222" in its configuration)',
    exit: 3,
  },
  NATS_WITHOUT_JETSTREAM: {
    message: 'nats-server {server} runs without JetStream, but this node is a voter and must keep the log',
    todo: 'enable jetstream in its configuration, or let rekindled start its own nats-server',
    exit: 3,
  },
  DURABILITY_DEGRADED: {
    message:
      'nats-server {server} acknowledges entries before they are on disk (sync_interval {found}); a power loss of all voters can lose some',
    todo: 'set "sync_interval: always" in its jetstream block',
    exit: 3,
  },
  LOG_CONFIG_WRONG: {
    message: 'the stream {stream} is not an append-only log: {problems}',
    todo: 'nothing was changed. If it belongs to another program, name another cluster; otherwise restore its configuration with the admin key',
    exit: 4,
  },
  LOG_UNAVAILABLE: {
    message: 'the log {stream} cannot be reached: {reason}',
    todo: 'a majority of the voters must run nats-server and reach each other; look at "rekindle status"',
    exit: 4,
  },

  // local state (adapters/sqlite)
  STATE_MISSING: {
    message: '{file} is gone, and with it what this voter promised never to do',
    todo: 'put the file back if it was only moved; otherwise remove this node from the voters, apply, and add it again as a new one',
    exit: 3,
  },
  STATE_IN_USE: {
    message: '{file} is open in another process',
    todo: 'find it with "fuser -v {file}" and end it; one daemon per state directory',
    exit: 4,
  },
  STATE_CORRUPT: {
    message: '{file} is damaged: {reason}',
    todo: 'check the disk. Do not restore an old copy: remove this node from the cluster file, apply, and let it join again as a new one',
    exit: 1,
  },
  STATE_TOO_NEW: {
    message: '{file} was written by a newer Rekindle (schema {found}, this one knows {known})',
    todo: 'run the newer version again on this node',
    exit: 3,
  },
  STATE_DISK_FULL: {
    message: 'no space left to write {file}; what it held is unharmed',
    todo: 'free some space on that disk; it goes on by itself',
    exit: 1,
  },
  STATE_UNUSABLE: {
    message: 'cannot use {file}: {reason}',
    todo: 'check the disk and the permissions of its directory, then restart rekindled',
    exit: 1,
  },
  JOURNAL_CORRUPT: {
    message: 'the journal {file} is damaged: {reason}',
    todo: 'nothing was changed. It is a copy: with rekindled stopped, move {file} and {file}-wal to another directory (keep them, they may hold entries the log has lost), start again, and it is filled from the log',
    exit: 1,
  },
  JOURNAL_REFUSED: {
    message: 'the journal {file} does not take entry {seq}: {reason}',
    todo: 'compare "rekindle log" of two nodes at that entry; this node must not lead until they agree',
    exit: 4,
  },

  // power switches (adapters/power)
  POWER_TOOL_MISSING: {
    message: '{tool} is not installed, so {method} cannot be used',
    todo: 'apt-get install {package}',
    exit: 3,
  },
  SECRET_FILE_UNREADABLE: {
    message: 'cannot read the secret for {method} from {file}: {reason}',
    todo: 'write it as the only line of that file, readable by the user rekindled runs as',
    exit: 3,
  },
  SECRET_FILE_EXPOSED: {
    message: 'everybody may read the secret for {method} in {file} (mode {mode})',
    todo: 'chmod 600 {file}; if somebody may have read it, change the secret',
    exit: 3,
  },
  SECRET_FILE_SEALED: {
    message: 'cannot open the sealed secret for {method} in {file}: {reason}',
    todo: 'seal it on this node, as root: rekindle seal {file}',
    exit: 3,
  },
  SECRET_NOT_GIVEN: {
    message: 'no secret for {file} on standard input: {reason}',
    todo: 'give it through a pipe or from a file, never as an argument: rekindle seal {file} < PLAIN',
    exit: 2,
  },
  SECRET_NOT_WRITTEN: {
    message: 'cannot write {file}: {reason}',
    todo: 'run it as root, name a file in a directory that is there, and remove what an earlier run left beside it',
    exit: 1,
  },
  POWER_REFUSED: {
    message: '{method} refuses to log in: {reason}',
    todo: 'check the user and the password there, and that the user may control power (privilege OPERATOR)',
    exit: 4,
  },
  POWER_SILENT: {
    message: '{method} does not answer within {timeoutMs} ms',
    todo: 'check its address, its network and its power; until it answers, a fence rests on the other proofs',
    exit: 3,
  },
  POWER_UNCLEAR: {
    message: '{method} gave no clear answer: {reason}',
    todo: 'ask it by hand with the same tool; the power state counts as unknown until it is read',
    exit: 5,
  },
  POWER_CERTIFICATE: {
    message: '{method} shows a certificate that is not the one in the cluster file: {found}',
    todo: 'if this BMC was given a new certificate, compare it there and write its fingerprint to the cluster file; if not, find out who answers',
    exit: 4,
  },
  POWER_SYSTEM: {
    message: '{method}: {reason}; it has {systems}',
    todo: 'write the UUID, serial number or path of this host there as "system": the wrong one would cut another host',
    exit: 2,
  },
  FENCE_AGENT_NO_PROOF: {
    message: '{agent} cannot prove that a host is off: {reason}',
    todo: 'use a switch of the power itself: the BMC (kind: ipmi), or a fence agent for it or for the outlet',
    exit: 2,
  },
  FENCE_PARAMETER_UNKNOWN: {
    message: '{agent} has no parameter {parameter}{nearest}; it would ignore it silently',
    todo: 'correct the name: "{agent} -o metadata" lists them all',
    exit: 2,
  },
  FENCE_PARAMETER_WRONG: {
    message: 'parameter {parameter} of {agent}: {reason}',
    todo: 'correct it in the cluster file',
    exit: 2,
  },

  POWER_UNPROVEN: {
    message: 'the power of these hosts cannot be read, so it could not be proven off either:\n{problems}',
    todo: 'mend the switch or its entry under "power", then run again: rekindle check --power',
    exit: 1,
  },

  // libvirt (adapters/libvirt)
  GUEST_NAME_INVALID: {
    message: '{guest} cannot be the name of a guest: {reason}',
    todo: 'use 1 to 40 of a-z, 0-9 and "-", with at least one letter',
    exit: 2,
  },
  DEFINITION_INVALID: {
    message: 'the definition of guest {guest} cannot be used: {reason}',
    todo: 'give plain libvirt domain XML: one <domain> whose <name> is {guest}; "virsh dumpxml --inactive {guest}" prints such',
    exit: 2,
  },
  LIBVIRT_SILENT: {
    message: 'libvirt at {uri} does not answer: {reason}',
    todo: 'see "systemctl status libvirtd" and that virsh (package libvirt-clients) and setpriv (util-linux) are installed; running guests are not touched by "systemctl restart libvirtd"',
    exit: 3,
  },
  LIBVIRT_UNREADABLE: {
    message: 'libvirt told {what} in words that are not understood: {answer}',
    todo: 'nothing was concluded from it. Compare with the libvirt versions in docs/, and report it with the output of "virsh version"',
    exit: 1,
  },
  HOOK_NOT_INSTALLED: {
    message: "cannot install libvirt's hook {file}: {reason}",
    todo: 'correct that; without the hook, guests could be started behind the back of the cluster',
    exit: 3,
  },
  // images (adapters/image)
  IMAGE_TOOL_MISSING: {
    message: 'the program {tool} is needed to make an image, and is not there',
    todo: 'apt-get install {package}',
    exit: 3,
  },
  IMAGE_NOT_BUILT: {
    message: 'no image was made: {step}: {reason}',
    todo: 'correct that and run the command again; what was downloaded is kept',
    exit: 1,
  },
  IMAGE_EXISTS: {
    message: '{directory} is there already',
    todo: 'name a directory that is not there with --out DIR, or remove that one',
    exit: 4,
  },
  IMAGE_INVALID: {
    message: 'the image in {where} is not whole: {reason}',
    todo: 'build it again with "rekindle image build", or copy it again',
    exit: 1,
  },
  IMAGE_NOT_OURS: {
    message: 'the image in {where} is signed by none of the keys {keys}',
    todo: 'build it with the seed of one of these, or add its key under provisioning.imageKeys in the cluster file',
    exit: 4,
  },
  UNKNOWN_IMAGE: {
    message: 'there is no image {image} here',
    todo: 'see those that are with "rekindle image list"',
    exit: 2,
  },
} as const satisfies Record<string, Explained>;

export type ErrorCode = keyof typeof ERRORS;

type NamesIn<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
/** What `fail(code, …)` must be told. */
export type Details<Code extends ErrorCode> = Readonly<
  Record<NamesIn<(typeof ERRORS)[Code]['message'] | (typeof ERRORS)[Code]['todo']>, string | number>
>;

/** An error for a person. Tell one from another by `code`. */
export class RekindleError extends Error {
  override readonly name = 'RekindleError';
  readonly code: ErrorCode;
  /** What the message speaks about. */
  readonly about: Readonly<Record<string, string | number>>;
  readonly todo: string;
  readonly exit: Explained['exit'];

  constructor(code: ErrorCode, about: Readonly<Record<string, string | number>>, cause?: unknown) {
    super(fill(ERRORS[code].message, about), cause === undefined ? undefined : { cause });
    this.code = code;
    this.about = about;
    this.todo = fill(ERRORS[code].todo, about);
    this.exit = ERRORS[code].exit;
  }
}

/** Makes the error without throwing it, for callbacks and rejections. */
export function failure<Code extends ErrorCode>(code: Code, details: Details<Code>, cause?: unknown): RekindleError {
  return new RekindleError(code, details, cause);
}

/** Throws. `throw fail(…)` reads well where the compiler must see the end of a path. */
export function fail<Code extends ErrorCode>(code: Code, details: Details<Code>, cause?: unknown): never {
  throw failure(code, details, cause);
}

/** The shape of every error in JSON: over the API and with `--json`. */
export function errorBody({ code, message, todo, about }: RekindleError) {
  return { error: { code, message, todo, about } };
}

function fill(template: string, about: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (hole, name: string) => String(about[name] ?? hole));
}
