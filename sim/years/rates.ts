/**
 * How often what fails, and for how long. Every figure has its source beside it; "assumed" where none was found.
 * Sources: Dean 2008 (talk at Google I/O, cluster of 1,800 servers, reported by Data Center Knowledge, 30 May 2008);
 * Dean 2009 ("Designs, lessons and advice from building large distributed systems"); LANL (Schroeder and Gibson, DSN
 * 2006); Backblaze (Drive Stats 2024); Azure (Singh et al., "Surviving switch failures in cloud datacenters", 2021);
 * Ponemon 2010 (41 data centres in the USA, reported by InformationWeek, 12 May 2011); Nguyen 2014 ("A comprehensive
 * availability modeling … of a virtualized servers system", The Scientific World Journal 165316, table 3).
 */
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

/** What there is one of for each: `node` is a host or an arbiter, `domain` a failure domain named in the cluster file. */
export type Per = 'node' | 'host' | 'domain' | 'cluster' | 'guest';

export interface Kind {
  readonly per: Per;
  readonly perYear: number;
  /** Least and most, in ms; drawn evenly on a logarithmic scale, since repair times are spread like that (LANL). Null: over at once. */
  readonly lastsMs: readonly [number, number] | null;
  readonly what: string;
  readonly source: string;
}

const kinds = {
  'host-dead': {
    per: 'node',
    perYear: 0.04,
    lastsMs: [HOUR, 72 * HOUR],
    what: 'hardware fails; off until a person has repaired it, its BMC answers',
    source: 'Dean 2009: 2 to 4 % of servers a year; LANL: mean repair from under an hour to more than a day',
  },
  'host-power': {
    per: 'node',
    perYear: 0.3,
    lastsMs: [MINUTE, 4 * HOUR],
    what: 'its power is gone, that of its BMC too',
    source: 'Dean 2009: a machine crashes at least twice a year; share and duration assumed',
  },
  'kernel-panic': {
    per: 'node',
    perYear: 1.2,
    lastsMs: null,
    what: 'the kernel dies, the machine boots again by itself',
    source: 'Dean 2009: a machine crashes at least twice a year; share assumed',
  },
  'host-hang': {
    per: 'node',
    perYear: 0.5,
    lastsMs: [20 * MINUTE, 4 * HOUR],
    what: 'everything on it stands still until somebody or something resets it',
    source: 'Dean 2009: a machine crashes at least twice a year; share and duration assumed',
  },
  'disk-stall': {
    per: 'host',
    perYear: 0.03,
    lastsMs: [10 * SECOND, 2 * MINUTE],
    what: 'a dying system disk takes up to 3 s a write until it is taken out',
    source: 'Backblaze: 1.57 % of drives failed in 2024, two drives a host; the stall itself assumed',
  },
  'link-down': {
    per: 'node',
    perYear: 0.2,
    lastsMs: [2 * SECOND, 4 * HOUR],
    what: 'network card, cable or port: nothing reaches it',
    source: 'assumed',
  },
  'link-flap': {
    per: 'node',
    perYear: 0.05,
    lastsMs: [30 * SECOND, 20 * MINUTE],
    what: 'its link goes away and comes back every five seconds',
    source: 'assumed',
  },
  'bmc-dead': {
    per: 'host',
    perYear: 0.2,
    lastsMs: [HOUR, 72 * HOUR],
    what: 'its BMC does not answer; seen only when it is needed',
    source: 'assumed',
  },
  'storage-path': {
    per: 'host',
    perYear: 0.05,
    lastsMs: [10 * SECOND, 20 * MINUTE],
    what: 'it does not reach the image store',
    source: 'assumed',
  },
  'libvirt-hang': {
    per: 'host',
    perYear: 0.5,
    lastsMs: [MINUTE, 20 * MINUTE],
    what: 'libvirtd does not answer, guests run on',
    source: 'assumed',
  },
  'daemon-crash': {
    per: 'node',
    perYear: 1,
    lastsMs: null,
    what: 'rekindled dies and is started again',
    source: 'assumed',
  },
  'server-crash': {
    per: 'node',
    perYear: 0.5,
    lastsMs: [SECOND, 10 * SECOND],
    what: 'its nats-server dies and is started again',
    source: 'assumed',
  },
  'planned-reboot': {
    per: 'host',
    perYear: 4,
    lastsMs: null,
    what: 'a person puts it into maintenance, reboots it once it is empty, and ends the maintenance',
    source: 'assumed: once a quarter',
  },
  'rack-network': {
    per: 'domain',
    perYear: 0.08,
    lastsMs: [MINUTE, 36 * MINUTE],
    what: 'the switch of a failure domain fails',
    source: 'Azure: 2 % of switches fail in three months, half of the failures last less than 6 minutes',
  },
  'rack-power': {
    per: 'domain',
    perYear: 0.05,
    lastsMs: [10 * MINUTE, 6 * HOUR],
    what: 'a failure domain has no power',
    source: 'Dean 2008: one power unit in a first year, for about 6 hours; less often with two feeds, assumed',
  },
  'control-network': {
    per: 'cluster',
    perYear: 0.1,
    lastsMs: [10 * SECOND, 20 * MINUTE],
    what: 'no node reaches another',
    source: 'assumed',
  },
  'site-power': {
    per: 'cluster',
    perYear: 0.1,
    lastsMs: [30 * MINUTE, 6 * HOUR],
    what: 'nothing has power',
    source:
      'Ponemon 2010: a total outage takes 134 min on average (this range: 133); a tenth of its once a year assumed',
  },
  'storage-outage': {
    per: 'cluster',
    perYear: 0.05,
    lastsMs: [10 * SECOND, 20 * MINUTE],
    what: 'no host reaches the image store',
    source: 'assumed',
  },
  'log-stall': {
    per: 'cluster',
    perYear: 1,
    lastsMs: [4 * SECOND, 9 * SECOND],
    what: 'the leader of the stream is lost; the log elects another',
    source: 'duration as seen on real nats-servers; rate assumed',
  },
  'qemu-crash': { per: 'guest', perYear: 0.1, lastsMs: null, what: 'its QEMU dies', source: 'assumed' },
  'guest-panic': {
    per: 'guest',
    perYear: 0.5,
    lastsMs: null,
    what: 'its kernel panics',
    source: 'assumed; Nguyen 2014 reckons with one failure of a guest in 2,893 hours',
  },
  'guest-hang': {
    per: 'guest',
    perYear: 0.3,
    lastsMs: [10 * MINUTE, 4 * HOUR],
    what: 'it answers nothing; without a probe only a person notices, after this long',
    source: 'assumed',
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const KINDS: Readonly<Record<KindName, Kind>> = kinds;
export const KIND_NAMES = Object.keys(kinds) as readonly KindName[];

export interface Rates {
  readonly kinds: Readonly<Record<KindName, Pick<Kind, 'perYear' | 'lastsMs'>>>;
  /** From the moment the cluster asks for a person to the moment one acts. Assumed. */
  readonly personMs: readonly [number, number];
}

export const RATES: Rates = { kinds, personMs: [10 * MINUTE, HOUR] };
